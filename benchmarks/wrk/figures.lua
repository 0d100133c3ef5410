-- What wrk has counted, as a line of JSON with all digits; and requests with content, which wrk has no option for.
-- wrk ... -s figures.lua URL -- METHOD SIZE
-- No response() here: wrk would call it for each answer, and be slowed down by it.

function init(args)
   wrk.method = args[1] or "GET"
   local size = tonumber(args[2] or "0")
   if size > 0 then
      wrk.body = string.rep("x", size)
   end
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "bytes": %d, "microseconds": %d, "errors": %d, "wrong": %d, "p50": %d, "p99": %d, "longest": %d}\n',
      summary.requests, summary.bytes, summary.duration,
      errors.connect + errors.read + errors.write + errors.timeout, errors.status,
      latency:percentile(50), latency:percentile(99), latency.max))
end
