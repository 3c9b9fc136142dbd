/* Disk faults on command, for a process that is started with this library
 * preloaded: system calls that change files below FAULTS_BELOW fail while the
 * file `now` in FAULTS_BY says so. That file holds the calls that fail, by letter, and
 * the number of the error: "s 5" fails every sync with EIO, although what was
 * written may well be stored. With the number 0 they claim to have succeeded and
 * do nothing, with 1000 they hang for as long as it stands there. An empty file
 * fails nothing.
 *
 *   w  write, pwrite      s  fsync, fdatasync
 *   t  ftruncate          o  open to write or create
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define NONE (-1)
#define HANG 1000

/* The error that a kind of call fails with now; NONE for none. */
static int ordered(char kind)
{
	static int (*next)(const char *, int, ...);
	static ssize_t (*next_read)(int, void *, size_t);
	const char *by = getenv("FAULTS_BY");
	char path[PATH_MAX], order[32];
	ssize_t length;
	char *space;
	int fd;

	if (!by)
		return NONE;
	if (!next) {
		next = dlsym(RTLD_NEXT, "open");
		next_read = dlsym(RTLD_NEXT, "read");
	}
	snprintf(path, sizeof path, "%s/now", by);
	fd = next(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NONE;
	length = next_read(fd, order, sizeof order - 1);
	close(fd);
	if (length <= 0)
		return NONE;
	order[length] = 0;
	space = strchr(order, ' ');
	if (!space)
		return NONE;
	*space = 0;
	return strchr(order, kind) ? atoi(space + 1) : NONE;
}

static int is_below(const char *path)
{
	const char *base = getenv("FAULTS_BELOW");

	return base && strncmp(path, base, strlen(base)) == 0;
}

/* What a call comes to that is below; waits while it is to hang. */
static int verdict(char kind)
{
	int error;

	while ((error = ordered(kind)) == HANG)
		usleep(10 * 1000);
	return error;
}

/* What a call on a file comes to instead of being made; NONE if it is made. */
static int instead(char kind, int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t length;

	if (ordered(kind) == NONE)
		return NONE;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof path - 1);
	if (length < 0)
		return NONE;
	path[length] = 0;
	return is_below(path) ? verdict(kind) : NONE;
}

static int instead_of_open(const char *path, int flags)
{
	if ((flags & (O_CREAT | O_TRUNC)) == 0 && (flags & O_ACCMODE) == O_RDONLY)
		return NONE;
	return is_below(path) ? verdict('o') : NONE;
}

#define NEXT(type, name, ...) \
	static type (*next)(__VA_ARGS__); \
	if (!next) \
		next = dlsym(RTLD_NEXT, name)

/* Returns without the call, if that was ordered. */
#define UNLESS(instead, done) \
	do { \
		int error = instead; \
		if (error == 0) \
			return done; \
		if (error != NONE) { \
			errno = error; \
			return -1; \
		} \
	} while (0)

ssize_t write(int fd, const void *data, size_t size)
{
	NEXT(ssize_t, "write", int, const void *, size_t);
	UNLESS(instead('w', fd), (ssize_t)size);
	return next(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t);
	UNLESS(instead('w', fd), (ssize_t)size);
	return next(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
	UNLESS(instead('w', fd), (ssize_t)size);
	return next(fd, data, size, at);
}

int fsync(int fd)
{
	NEXT(int, "fsync", int);
	UNLESS(instead('s', fd), 0);
	return next(fd);
}

int fdatasync(int fd)
{
	NEXT(int, "fdatasync", int);
	UNLESS(instead('s', fd), 0);
	return next(fd);
}

int ftruncate(int fd, off_t length)
{
	NEXT(int, "ftruncate", int, off_t);
	UNLESS(instead('t', fd), 0);
	return next(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
	NEXT(int, "ftruncate64", int, off64_t);
	UNLESS(instead('t', fd), 0);
	return next(fd, length);
}

#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		NEXT(int, #name, const char *, int, ...); \
		va_list more; \
		mode_t mode; \
		va_start(more, flags); \
		mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
		va_end(more); \
		UNLESS(instead_of_open(path, flags), -1); \
		return next(path, flags, mode); \
	}

OPEN(open)
OPEN(open64)
