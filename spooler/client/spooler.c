/* The spooler's sign of life, as it left it in the queue. Never logs. */
#include "client/spooler.h"

#include <string.h>

#include "base/clock.h"

/* The daemon writes its heartbeat every ten seconds; a busy disk may delay one. */
#define BEAT_OLD_S 35

void spooler_look(struct queue *q, struct spooler *s)
{
	_cleanup_free_ char *beat = NULL, *who = NULL;
	*s = (struct spooler){ 0 };
	if (queue_fact_get(q, "heartbeat", &beat) == 0)
		str_to_double(beat, &s->beat);
	if (queue_fact_get(q, "spooler", &who) == 0) {
		char *blank = strchr(who, ' ');
		s->version = blank ? xstrndup(who, (size_t)(blank - who)) : xstrdup(who);
		s->pid = blank ? strtol(blank, NULL, 10) : 0;
	}
	double age = clock_wall() - s->beat;
	s->running = s->beat > 0 && age < BEAT_OLD_S && age > -BEAT_OLD_S;
}

void spooler_release(struct spooler *s)
{
	free(s->version);
	*s = (struct spooler){ 0 };
}
