"""Wire samples: what clients send, byte by byte, and what a server has to make of it. README.md lists them."""
