/* Preloaded into wrk, which knows TCP alone: whatever it connects to is the Unix socket $WRK_UNIX_SOCKET. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int socket(int domain, int type, int protocol) {
    int (*real)(int, int, int) = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
    return domain == AF_INET && (type & 0xff) == SOCK_STREAM ? real(AF_UNIX, type, 0) : real(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
    int (*real)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (address->sa_family != AF_INET)
        return real(fd, address, length);
    strncpy(to.sun_path, getenv("WRK_UNIX_SOCKET"), sizeof to.sun_path - 1);
    return real(fd, (struct sockaddr *)&to, sizeof to);
}
