/* Structured log on stderr: one line an event, key=value, values quoted when
 * they need it.  Only programs log; libraries and parsers return errors.
 *
 *   log_event(LOG_INFO, "step-done", "job", id, "step", key, NULL);
 *   ts=2026-01-31T12:00:00Z level=info event=step-done job=0123456789ab step=...
 */
#ifndef NMR_BASE_LOG_H
#define NMR_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level min);
/* Pairs of key and value strings, ended by NULL.  A NULL value is left out. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

#endif
