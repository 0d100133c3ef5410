"""What a request costs, counted rather than timed: figures that are the same on a busy machine and on an idle one."""
