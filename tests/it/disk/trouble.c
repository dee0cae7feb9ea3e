/* A disk in trouble, without a privilege: loaded into the daemon before libc (LD_PRELOAD), it stands between SQLite and the kernel for
 * every call that changes the store's files. What the disk does is the first byte of the file that DISK_TROUBLE names:
 *
 *   s   it stalls: the call does not return until the byte is another one
 *   r   it has become read-only, as a file system does after an error: EROFS
 *   -   nothing is wrong
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static char trouble(void) {
    const char *control = getenv("DISK_TROUBLE");
    int fd = control ? open(control, O_RDONLY | O_CLOEXEC) : -1;
    char now = '-';
    if (fd >= 0) {
        if (read(fd, &now, 1) != 1) now = '-';
        close(fd);
    }
    return now;
}

/* Only the store is on that disk: the log and the sockets are elsewhere. */
static int is_store(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "/deskbridge.db") != NULL;
}

/* Waits for as long as the disk stalls; nonzero, with errno, where it takes nothing. */
static int refused(int fd) {
    if (!is_store(fd)) return 0;
    for (;;) {
        char now = trouble();
        if (now == 'r') {
            errno = EROFS;
            return 1;
        }
        if (now != 's') return 0;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

#define STANDS_BEFORE(result, name, parameters, arguments)                    \
    result name parameters {                                                  \
        static result (*real) parameters;                                     \
        if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name);                 \
        return refused(fd) ? -1 : real arguments;                             \
    }

STANDS_BEFORE(ssize_t, write, (int fd, const void *bytes, size_t count), (fd, bytes, count))
STANDS_BEFORE(ssize_t, pwrite, (int fd, const void *bytes, size_t count, off_t at), (fd, bytes, count, at))
STANDS_BEFORE(ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off64_t at), (fd, bytes, count, at))
STANDS_BEFORE(int, ftruncate, (int fd, off_t length), (fd, length))
STANDS_BEFORE(int, ftruncate64, (int fd, off64_t length), (fd, length))
STANDS_BEFORE(int, fsync, (int fd), (fd))
STANDS_BEFORE(int, fdatasync, (int fd), (fd))
