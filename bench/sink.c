/* Takes calls on 127.0.0.1 as Mailgun would, and mails by SMTP, says yes, and keeps every recipient.
 *
 * sink [FOLDER]: writes its ports, for HTTP and SMTP, a line each, and ends with standard input.
 * GET /recipients gives back the recipients, a line a field or mail, with m (multipart), u
 * (urlencoded), j (JSON) or s (SMTP) before it; GET /figures the number of calls and mails, and
 * their bytes. Each call is kept in FOLDER if named. Each answer to a call leaves SINK_LATENCY
 * milliseconds after it came.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 1024
#define LARGEST_CALL (64u << 20)
#define STARTS_WITH(text, end, word) \
    ((size_t)((end) - (text)) >= sizeof word - 1 && !strncasecmp(text, word, sizeof word - 1))

struct text {
    char *start;
    size_t length, room;
};

static struct text calls_of[MAX_CONNECTIONS]; /* what has come of the call under way, by socket */
static enum { HTTP, SMTP, SMTP_MAIL } states[MAX_CONNECTIONS]; /* by socket; SMTP_MAIL after DATA */
static struct text recipients;
static unsigned long calls, bytes;
static const char *folder;
static long latency; /* milliseconds */

/* Answers that wait, the first to leave first: all wait equally long, at most one a connection. */
static struct {
    long due;
    int socket, size;
    char said[256];
} held[MAX_CONNECTIONS];
static unsigned long first, next;

static long now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static void reserve(struct text *text, size_t more) {
    if (text->length + more <= text->room)
        return;
    text->room = 2 * (text->length + more);
    text->start = realloc(text->start, text->room);
    if (!text->start)
        exit(1);
}

static void append(struct text *text, const char *what, size_t length) {
    reserve(text, length);
    memcpy(text->start + text->length, what, length);
    text->length += length;
}

static void keep_field(char kind, const char *value, const char *end) {
    append(&recipients, &kind, 1);
    append(&recipients, value, end - value);
    append(&recipients, "\n", 1);
}

/* Keep what stands between each "before" and the next "after". */
static void keep_fields(char kind, const char *at, const char *end, const char *before, char after) {
    while ((at = memmem(at, end - at, before, strlen(before)))) {
        at += strlen(before);
        const char *stop = memchr(at, after, end - at);
        keep_field(kind, at, stop ? stop : end);
    }
}

static void keep_recipients(const char *body, const char *end) {
    if (STARTS_WITH(body, end, "--")) {
        keep_fields('m', body, end, "name=\"to\"\r\n\r\n", '\r');
    } else if (STARTS_WITH(body, end, "{")) {
        keep_fields('j', body, end, "\"email\":\"", '"');
    } else {
        const char *stop = memchr(body, '&', end - body);
        if (STARTS_WITH(body, end, "to="))
            keep_field('u', body + 3, stop ? stop : end);
        keep_fields('u', body, end, "&to=", '&');
    }
}

static void keep_call(const char *start, size_t length) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%08lu.call", folder, calls);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(start, 1, length, file) != length || fclose(file))
        exit(1);
}

static void write_all(int socket, const char *what, size_t length) {
    while (length) {
        ssize_t written = write(socket, what, length);
        if (written <= 0)
            return;
        what += written;
        length -= written;
    }
}

/* Without a body: as SendGrid, which says yes by a header field. */
static void answer(int socket, const char *body, size_t length) {
    char head[256];
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\nX-Message-Id: %lu\r\n\r\n",
                        length ? "200 OK" : "202 Accepted", length, calls);
    struct text whole = {0};
    append(&whole, head, size);
    append(&whole, body, length);
    write_all(socket, whole.start, whole.length);
    free(whole.start);
}

static void take(int socket, const char *start, const char *body, const char *end) {
    char said[256];
    int size;
    if (!strncmp(start, "GET /recipients", 15)) {
        answer(socket, recipients.start, recipients.length);
        return;
    }
    if (!strncmp(start, "GET ", 4)) {
        size = snprintf(said, sizeof said, "{\"calls\": %lu, \"bytes\": %lu}", calls, bytes);
    } else {
        calls++;
        bytes += end - body;
        keep_recipients(body, end);
        if (folder)
            keep_call(start, end - start);
        size = !strncmp(start, "POST /v3/mail/send ", 19) ? 0 : snprintf(
            said, sizeof said,
            "{\"id\": \"<%lu@sink.example>\", \"message\": \"Queued. Thank you.\"}", calls);
        if (latency) {
            unsigned long place = next++ % MAX_CONNECTIONS;
            held[place].due = now() + latency;
            held[place].socket = socket;
            held[place].size = size;
            memcpy(held[place].said, said, size);
            return;
        }
    }
    answer(socket, said, size);
}

/* Send what has waited long enough; returns the milliseconds until the next, or -1. */
static int release(void) {
    for (; first < next; first++) {
        unsigned long place = first % MAX_CONNECTIONS;
        long left = held[place].due - now();
        if (left > 0)
            return left;
        answer(held[place].socket, held[place].said, held[place].size);
    }
    return -1;
}

/* Where the call that begins here ends, or NULL while some of it has not come. */
static const char *end_of_call(struct text *call, const char **body) {
    char *stop = memmem(call->start, call->length, "\r\n\r\n", 4);
    if (!stop)
        return NULL;
    size_t length = 0;
    for (char *line = call->start; line < stop; line = strchr(line, '\n') + 1)
        if (!strncasecmp(line, "content-length:", 15))
            length = strtoul(line + 15, NULL, 10);
    if (length > LARGEST_CALL)
        exit(1);
    *body = stop + 4;
    if ((size_t)(call->start + call->length - *body) >= length)
        return *body + length;
    reserve(call, length + 4096);
    return NULL;
}

/* Take the call that has come whole; returns its length, or 0 while some of it has not come. */
static size_t take_call(int socket, struct text *call) {
    const char *body = NULL, *end = end_of_call(call, &body);
    if (!end)
        return 0;
    take(socket, call->start, body, end);
    return end - call->start;
}

/* The same for a line of SMTP, or a mail after DATA. */
static size_t take_line(int socket, const char *start, const char *end) {
    const char *last = states[socket] == SMTP_MAIL ? "\r\n.\r\n" : "\r\n", *said = "250 ok\r\n";
    const char *stop = memmem(start, end - start, last, strlen(last));
    if (!stop)
        return 0;
    if (states[socket] == SMTP_MAIL) {
        calls++;
        bytes += stop - start;
        states[socket] = SMTP;
    } else if (STARTS_WITH(start, stop, "DATA")) {
        states[socket] = SMTP_MAIL;
        said = "354 go on\r\n";
    } else if (STARTS_WITH(start, stop, "RCPT")) {
        keep_fields('s', start, stop, "<", '>');
    }
    write_all(socket, said, strlen(said));
    return stop + strlen(last) - start;
}

static int serve(int socket) {
    struct text *call = &calls_of[socket];
    reserve(call, 65536);
    ssize_t came = read(socket, call->start + call->length, call->room - call->length);
    if (came <= 0)
        return 0;
    call->length += came;
    for (size_t taken = 1; taken && call->length;) {
        taken = states[socket] == HTTP
                    ? take_call(socket, call)
                    : take_line(socket, call->start, call->start + call->length);
        call->length -= taken;
        memmove(call->start, call->start + taken, call->length);
    }
    return 1;
}

static void watch(int poll, int socket) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = socket};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event))
        exit(1);
}

static void welcome(int listener, int poll, int state) {
    int on = 1, socket = accept(listener, NULL, NULL);
    if (socket < 0)
        return;
    if (socket >= MAX_CONNECTIONS)
        exit(1);
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    calls_of[socket].length = 0;
    states[socket] = state;
    if (state == SMTP)
        write_all(socket, "220 sink\r\n", 10);
    watch(poll, socket);
}

static int listen_anywhere(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 128) ||
        getsockname(listener, (struct sockaddr *)&address, &size))
        exit(1);
    printf("%d\n", ntohs(address.sin_port));
    return listener;
}

int main(int count, char **arguments) {
    int http = listen_anywhere(), smtp = listen_anywhere(), poll = epoll_create1(0);
    const char *wait = getenv("SINK_LATENCY");
    latency = wait ? atol(wait) : 0;
    folder = count > 1 ? arguments[1] : NULL;
    watch(poll, 0);
    watch(poll, http);
    watch(poll, smtp);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll, events, 64, release());
        for (int number = 0; number < ready; number++) {
            int which = events[number].data.fd;
            if (which == 0)
                return 0; /* whoever started us has closed its end, or is dead */
            if (which == http || which == smtp)
                welcome(which, poll, which == http ? HTTP : SMTP);
            else if (!serve(which))
                close(which);
        }
    }
}
