/* Preloaded into a process: counts what it does to files below DISK_ROOT and to sockets, in one order.
 *
 * DISK_LOG gets a record of each act: "act nanoseconds path offset bytes\n" and the bytes. The act
 * number DISK_KILL does not happen, since the process is killed; DISK_REFUSE fails with DISK_ERROR.
 * The root "." stands for all relative paths. A fork that changed its environment begins anew.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FILES 4096
#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char *paths[FILES];
static const char *root;
static long done, kill_at, refuse_at;
static int out = -1, error;

static long number(const char *name) {
    const char *value = getenv(name);
    return value ? atol(value) : 0;
}

__attribute__((constructor)) void disk_begin(void) {
    const char *log = getenv("DISK_LOG");
    root = getenv("DISK_ROOT");
    kill_at = number("DISK_KILL");
    refuse_at = number("DISK_REFUSE");
    error = (int)number("DISK_ERROR");
    REAL(open);
    if (log)
        out = real(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int watched(const char *path) {
    if (root && path && !strcmp(root, "."))
        return *path != '/';
    return root && path && !strncmp(path, root, strlen(root));
}

static const char *path_of(int fd) {
    return fd >= 0 && fd < FILES ? paths[fd] : NULL;
}

/* Count an act, with the turn taken. Returns whether it is refused. */
static int refused(char act, const char *path, long offset, const void *data, size_t size) {
    struct timespec now;
    char head[1024];
    if (++done == kill_at)
        kill(getpid(), SIGKILL);
    if (done == refuse_at) {
        errno = error;
        return 1;
    }
    if (out >= 0) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        int length = snprintf(head, sizeof head, "%c %lld %s %ld %zu\n", act,
                              now.tv_sec * 1000000000LL + now.tv_nsec, path, offset, size);
        struct iovec both[] = {{head, (size_t)length}, {(void *)data, size}};
        REAL(writev);
        if (real(out, both, 2) < 0) // at once: several processes have one log
            abort();
    }
    return 0;
}

static int opened(int fd, const char *path) {
    if (fd >= 0 && fd < FILES && watched(path))
        paths[fd] = strdup(path);
    return fd;
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;                    \
        va_end(more);                                                                              \
        REAL(name);                                                                                \
        if (!watched(path) || !(flags & (O_CREAT | O_TRUNC)))                                      \
            return opened(real(path, flags, mode), path);                                          \
        pthread_mutex_lock(&turn);                                                                 \
        int is_new = access(path, F_OK) != 0;                                                      \
        int fd = (is_new || flags & O_TRUNC) && refused(is_new ? 'c' : 't', path, 0, NULL, 0)      \
                     ? -1                                                                          \
                     : opened(real(path, flags, mode), path);                                      \
        pthread_mutex_unlock(&turn);                                                               \
        return fd;                                                                                 \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    REAL(close);
    if (path_of(fd)) {
        free(paths[fd]);
        paths[fd] = NULL;
    }
    return real(fd);
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    if (!path_of(fd))
        return real(fd, data, size);
    pthread_mutex_lock(&turn);
    int appends = fcntl(fd, F_GETFL) & O_APPEND;
    long offset = lseek(fd, 0, appends ? SEEK_END : SEEK_CUR);
    ssize_t result = refused('w', paths[fd], offset, data, size) ? -1 : real(fd, data, size);
    pthread_mutex_unlock(&turn);
    return result;
}

#define PWRITE(name, type)                                                                         \
    ssize_t name(int fd, const void *data, size_t size, type offset) {                             \
        REAL(name);                                                                                \
        if (!path_of(fd))                                                                          \
            return real(fd, data, size, offset);                                                   \
        pthread_mutex_lock(&turn);                                                                 \
        ssize_t result = refused('w', paths[fd], (long)offset, data, size)                         \
                             ? -1                                                                  \
                             : real(fd, data, size, offset);                                       \
        pthread_mutex_unlock(&turn);                                                               \
        return result;                                                                             \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define PWRITEV(name, type)                                                                        \
    ssize_t name(int fd, const struct iovec *all, int count, type offset) {                        \
        REAL(name);                                                                                \
        if (!path_of(fd))                                                                          \
            return real(fd, all, count, offset);                                                   \
        pthread_mutex_lock(&turn);                                                                 \
        int stopped = 0;                                                                           \
        long at = (long)offset;                                                                    \
        for (int n = 0; n < count && !stopped; at += (long)all[n++].iov_len)                       \
            stopped = refused('w', paths[fd], at, all[n].iov_base, all[n].iov_len);                \
        ssize_t result = stopped ? -1 : real(fd, all, count, offset);                              \
        pthread_mutex_unlock(&turn);                                                               \
        return result;                                                                             \
    }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

#define ON_FILE(name, act, given, offset, ...)                                                     \
    int name given {                                                                               \
        REAL(name);                                                                                \
        if (!path_of(fd))                                                                          \
            return real(__VA_ARGS__);                                                              \
        pthread_mutex_lock(&turn);                                                                 \
        int result = refused(act, paths[fd], (long)(offset), NULL, 0) ? -1 : real(__VA_ARGS__);    \
        pthread_mutex_unlock(&turn);                                                               \
        return result;                                                                             \
    }
ON_FILE(fsync, 's', (int fd), 0, fd)
ON_FILE(fdatasync, 's', (int fd), 0, fd)
ON_FILE(ftruncate, 't', (int fd, off_t size), size, fd, size)
ON_FILE(ftruncate64, 't', (int fd, off64_t size), size, fd, size)

#define ON_NAME(name, act, given, data, ...)                                                       \
    int name given {                                                                               \
        REAL(name);                                                                                \
        if (!watched(path))                                                                        \
            return real(__VA_ARGS__);                                                              \
        pthread_mutex_lock(&turn);                                                                 \
        int result = refused(act, path, 0, data, strlen(data)) ? -1 : real(__VA_ARGS__);           \
        pthread_mutex_unlock(&turn);                                                               \
        return result;                                                                             \
    }
ON_NAME(rename, 'r', (const char *path, const char *to), to, path, to)
ON_NAME(link, 'l', (const char *path, const char *to), to, path, to)
ON_NAME(unlink, 'u', (const char *path), "", path)

#define ON_SOCKET(name, act, type)                                                                 \
    ssize_t name(int fd, type data, size_t size, int flags) {                                      \
        REAL(name);                                                                                \
        pthread_mutex_lock(&turn);                                                                 \
        int stopped = root && refused(act, "socket", 0, NULL, 0);                                  \
        pthread_mutex_unlock(&turn);                                                               \
        if (!stopped)                                                                              \
            return real(fd, data, size, flags);                                                    \
        shutdown(fd, SHUT_RDWR); /* an error means a broken connection, and no silent one */       \
        errno = error;                                                                             \
        return -1;                                                                                 \
    }
ON_SOCKET(send, 'S', const void *)
ON_SOCKET(recv, 'R', void *)
