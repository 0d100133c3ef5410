"""Small programs that retrace the road from a socket to a framework; ``README.md`` beside this file is the tour.

None of them imports wsgiserve (``flask_index`` does, and says why): they are what a server is given to serve.
"""
