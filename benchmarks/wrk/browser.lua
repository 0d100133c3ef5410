-- The ten header fields of a browser; path, query and cookie are different in every request.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "figures.lua")

local head, tail, number

function init(args)
   number = 0
   head = "GET /articles/"
   tail = table.concat({
      "",
      "Host: " .. wrk.host .. ":" .. wrk.port,
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
      "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
      "Accept-Language: en-GB,en;q=0.7,de;q=0.3",
      "Accept-Encoding: gzip, deflate, br, zstd",
      "Upgrade-Insecure-Requests: 1",
      "Sec-Fetch-Dest: document",
      "Sec-Fetch-Mode: navigate",
      "Sec-Fetch-Site: same-origin",
      "Cookie: theme=dark; session=",
   }, "\r\n")
end

function request()
   number = number + 1
   return head .. number .. "/comments?page=" .. number % 97 .. "&order=newest&token=" .. number * 7919
      .. " HTTP/1.1" .. tail .. number * 104729 .. "\r\n\r\n"
end
