/* What the machine and the load allow: one thread, epoll, recv, send of a constant. No parsing, no Python.

   limit PORT CLOSE: an answer for each empty line, CLOSE 1 to close behind it. Each wake-up is drained of its
   events; a connection costs one epoll_wait (shared), one recv and one send for each request, as little as HTTP can
   cost with this interface. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 512, ROOM = 65536, DESCRIPTORS = 65536 };

static const char answer[] = "HTTP/1.1 200 OK\r\nServer: limit\r\nDate: Tue, 01 Dec 2026 12:00:00 GMT\r\n"
                             "Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!";
static const char closing[] = "HTTP/1.1 200 OK\r\nServer: limit\r\nDate: Tue, 01 Dec 2026 12:00:00 GMT\r\n"
                              "Content-Type: text/plain\r\nConnection: close\r\nContent-Length: 13\r\n\r\nHello, world!";
static char room[ROOM];
static unsigned char matched[DESCRIPTORS]; /* how much of an empty line each connection's bytes end with */

/* Count the empty lines that end in these bytes, some of which may have come before. */
static int heads(int fd, const char *bytes, ssize_t size) {
    static const char line[] = "\r\n\r\n";
    int count = 0, at = matched[fd];
    if (at == 0 && size >= 4 && memcmp(bytes + size - 4, line, 4) == 0 &&
        memmem(bytes, (size_t)size - 1, line, 4) == NULL)
        return 1;
    for (ssize_t i = 0; i < size; i++) {
        at = bytes[i] == line[at] ? at + 1 : bytes[i] == '\r';
        if (at == 4) {
            count++;
            at = 0;
        }
    }
    matched[fd] = (unsigned char)at;
    return count;
}

static void serve(int fd, int closes) {
    ssize_t size = recv(fd, room, ROOM, 0);
    if (size <= 0) {
        close(fd);
        return;
    }
    for (int count = heads(fd, room, size); count > 0; count--) {
        const char *text = closes ? closing : answer;
        size_t length = closes ? sizeof closing - 1 : sizeof answer - 1;
        if (send(fd, text, length, MSG_NOSIGNAL) != (ssize_t)length || closes) {
            close(fd);
            return;
        }
    }
}

static void greet(int poll, int listener) {
    int yes = 1, fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (fd >= DESCRIPTORS) {
            close(fd);
            continue;
        }
        matched[fd] = 0;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    int yes = 1, closes = atoi(argv[2]), poll = epoll_create1(0);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    struct epoll_event events[EVENTS] = {{.events = EPOLLIN, .data.fd = listener}};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
        perror("limit");
        return 1;
    }
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &events[0]);
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener)
                greet(poll, listener);
            else
                serve(events[i].data.fd, closes);
        }
    }
}
