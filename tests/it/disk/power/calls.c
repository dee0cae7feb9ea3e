/* A power cut, without a machine to switch off. This library is loaded into a process before libc
 * (LD_PRELOAD) and stands between SQLite and the kernel for every call that changes the store's
 * folder. At one chosen call it writes the folder as a disk may hold it after a loss of power
 * (see `disk.c`), and kills the process.
 *
 *   POWER_FOLDER  the store's folder, as a canonical path; files named *-shm are not part of it
 *   POWER_IMAGE   an empty folder: gets the files as they are after the cut
 *   POWER_CUT     the call: w17 is the 17th write; s counts syncs, t truncations, n names that
 *                 appear or go
 *   POWER_SEED    decides which unsynced changes are on the disk
 *   POWER_ARMED   calls are counted once this file exists; from the start if it is not set
 *   POWER_IGNORE  syncs that do nothing, to show that this is noticed: log, database or folder
 *
 * A sync does not go to the real disk, which keeps its power. A call that bypasses this library
 * would make the image meaningless. So at the cut, everything it has seen is compared with the real
 * files; if they differ, the process exits with 97. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *armed, *ignored;
static struct stat folder;
static char cut_kind;
static unsigned long cut_at, counted;

/* Counts a call; nonzero where the power is cut at it. */
static int struck(char kind) {
    return kind == cut_kind && (!armed || access(armed, F_OK) == 0) && ++counted == cut_at;
}

/* The name of a path within the folder; NULL for any other file. */
static const char *name_of(const char *path) {
    size_t length = disk.folder ? strlen(disk.folder) : 0;
    if (!length || strncmp(path, disk.folder, length) != 0 || path[length] != '/') return NULL;
    const char *name = path + length + 1;
    size_t own = strlen(name);
    if (!own || own > NAME_MAX || strchr(name, '/')) return NULL;
    return own >= 4 && strcmp(name + own - 4, "-shm") == 0 ? NULL : name;
}

static struct file *file_of(int fd) {
    struct stat is;
    return disk.folder && fstat(fd, &is) == 0 && S_ISREG(is.st_mode) ? file_at(is.st_dev, is.st_ino) : NULL;
}

static struct file *add_opened(int fd, const char *name) {
    struct stat is;
    if (fstat(fd, &is) != 0) die("cannot look at", name);
    size_t length = strlen(name);
    return add_file(is.st_dev, is.st_ino, length >= 4 && strcmp(name + length - 4, "-wal") == 0);
}

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("POWER_FOLDER"), *when = getenv("POWER_CUT"), *seed = getenv("POWER_SEED");
    disk.image = getenv("POWER_IMAGE"), armed = getenv("POWER_ARMED"), ignored = getenv("POWER_IGNORE");
    if (!where || !when || !seed || !disk.image) die("not set", "POWER_FOLDER, POWER_CUT, POWER_SEED or POWER_IMAGE");
    cut_kind = when[0], cut_at = strtoul(when + 1, NULL, 10), disk.state = strtoull(seed, NULL, 10);
    disk.folder = where;
    DIR *entries = opendir(where);
    if (!entries || stat(where, &folder) != 0) die("cannot read", where);
    for (struct dirent *entry; (entry = readdir(entries));) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", where, entry->d_name);
        struct stat is;
        if (!name_of(path) || stat(path, &is) != 0 || !S_ISREG(is.st_mode)) continue;
        int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) die("cannot read", path);
        struct file *file = add_opened(fd, entry->d_name);
        file->synced = read_file(fd);
        close(fd);
        set_name(&disk.names, entry->d_name, file);
    }
    closedir(entries);
}

static int opened(int at, const char *path, int flags, unsigned mode) {
    const char *name = flags & (O_CREAT | O_TRUNC) ? name_of(path) : NULL;
    if (!name) return (int)syscall(SYS_openat, at, path, flags, mode);
    pthread_mutex_lock(&lock);
    struct file *file = file_named(name);
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && !file) {
        add_move(name, "", add_opened(fd, name));
        if (struck('n')) cut();
    } else if (fd >= 0 && flags & O_TRUNC) {
        add_change(file, 0, NULL, 0);
        if (struck('t')) cut();
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

static ssize_t wrote(int fd, const void *bytes, size_t count, const off64_t *at) {
    pthread_mutex_lock(&lock);
    struct file *file = file_of(fd);
    /* A pipe that is full must hold up nobody else. */
    if (!file) pthread_mutex_unlock(&lock);
    ssize_t done = at ? syscall(SYS_pwrite64, fd, bytes, count, *at) : syscall(SYS_write, fd, bytes, count);
    if (!file) return done;
    if (done > 0) {
        off64_t begun = at ? *at : lseek64(fd, 0, SEEK_CUR) - done;
        add_change(file, (size_t)begun, bytes, (size_t)done);
        if (struck('w')) cut();
    }
    pthread_mutex_unlock(&lock);
    return done;
}

static int truncated(int fd, off64_t length) {
    pthread_mutex_lock(&lock);
    struct file *file = file_of(fd);
    int done = (int)syscall(SYS_ftruncate, fd, length);
    if (file && done == 0) {
        add_change(file, (size_t)length, NULL, 0);
        if (struck('t')) cut();
    }
    pthread_mutex_unlock(&lock);
    return done;
}

static int lies(const struct file *file) {
    const char *of = !file ? "folder" : file->log ? "log" : "database";
    return ignored && strcmp(ignored, of) == 0;
}

static int synced(int fd, int call) {
    struct stat is;
    pthread_mutex_lock(&lock);
    struct file *file = file_of(fd);
    int whole = disk.folder && fstat(fd, &is) == 0 && is.st_dev == folder.st_dev && is.st_ino == folder.st_ino;
    int done = file || whole ? 0 : (int)syscall(call, fd);
    if (file || whole) {
        int last = struck('s');
        /* The power goes while the disk is at it, or after that and before the answer. */
        if (last && chance(2)) cut();
        if (!lies(file)) file ? sync_file(file) : sync_folder();
        if (last) cut();
    }
    pthread_mutex_unlock(&lock);
    return done;
}

/* A name that goes, comes to another file or is changed: `call` is done, and what it means is kept. */
#define RENAMES(name, before, file, call)            \
    pthread_mutex_lock(&lock);                       \
    int done = (int)(call);                          \
    if (done == 0 && (name)) {                       \
        add_move(name, before, file);                \
        if (struck('n')) cut();                      \
    }                                                \
    pthread_mutex_unlock(&lock);                     \
    return done

static int removed(int at, const char *path, int flags) {
    const char *name = name_of(path);
    RENAMES(name, "", NULL, syscall(SYS_unlinkat, at, path, flags));
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, unsigned) : 0;
    va_end(more);
    return opened(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, unsigned) : 0;
    va_end(more);
    return opened(AT_FDCWD, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, unsigned) : 0;
    va_end(more);
    return opened(at, path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t count) { return wrote(fd, bytes, count, NULL); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return wrote(fd, bytes, count, &(off64_t){at}); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) { return wrote(fd, bytes, count, &at); }
int ftruncate(int fd, off_t length) { return truncated(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncated(fd, length); }
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return removed(at, path, flags); }

int rename(const char *from, const char *to) {
    const char *before = name_of(from), *name = name_of(to);
    struct file *file = before ? file_named(before) : NULL;
    RENAMES(name, before ? before : "", file, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    const char *existing = name_of(from), *name = name_of(to);
    struct file *file = existing ? file_named(existing) : NULL;
    RENAMES(name, "", file, syscall(SYS_linkat, from_at, from, to_at, to, flags));
}
