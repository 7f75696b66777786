/* The event loop: one epoll over descriptors, plus timers on CLOCK_BOOTTIME.
 *
 *   struct loop *l = loop_new();
 *   loop_add(l, fd, on_readable, arg);
 *   loop_after(l, 10.0, on_time, arg);     once
 *   loop_run(l);                            until loop_quit(l)
 *
 * A source may remove itself or others from inside a callback. */
#ifndef NMR_BASE_LOOP_H
#define NMR_BASE_LOOP_H

#include "base/util.h"

struct loop;
struct loop_source;
struct loop *loop_new(void);
void loop_free(struct loop *l);
struct loop_source *loop_add(struct loop *l, int fd, void (*fn)(void *arg), void *arg);
/* For what is told as an exception (EPOLLPRI): a change of /proc/self/mounts. */
struct loop_source *loop_add_exception(struct loop *l, int fd, void (*fn)(void *arg), void *arg);
struct loop_source *loop_after(struct loop *l, double seconds, void (*fn)(void *arg), void *arg);
/* Removes a descriptor or a timer that has not fired; NULL is fine. The
 * descriptor itself stays open: it is the caller's. */
void loop_remove(struct loop *l, struct loop_source *s);
/* 0 after loop_quit(), -errno when epoll failed. */
int loop_run(struct loop *l);
void loop_quit(struct loop *l);

#endif
