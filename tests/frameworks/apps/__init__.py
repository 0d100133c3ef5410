"""One small application with each framework, all with the same behaviour, as their documentation would have it written.

GET / says hello; POST /json gives back what it got; POST /form tells of a field and a file; GET /stream streams;
GET /file sends this file; GET /go redirects; GET /cookies sets two; GET /error raises;
GET /path/NAME gives the name back.
"""
