/*
 * Sends a mail through hayesd and waits for what becomes of it; with sd-bus (Debian: libsystemd-dev).
 *
 *     gcc -Wall -o send send.c -lsystemd
 *     ./send ACCOUNT TO SUBJECT TEXT
 *
 * Ends with 0 if the mail was delivered, with 75 if hayesd goes on trying, else with 1.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

enum { DELIVERED = 0, FAILED = 1, LATER = 75 };

/* sd-bus gives a call up after 25 s, so we ask for less, and ask again. */
static const uint64_t TURN_USEC = 20 * 1000 * 1000;

static int wrong(const sd_bus_error *error, int result)
{
        if (sd_bus_error_is_set(error))
                fprintf(stderr, "%s: %s\n", error->name, error->message);
        else
                fprintf(stderr, "the bus: %s\n", strerror(-result));
        return FAILED;
}

/* Prints those entries of a job's result (a{sv}) that are text: reply, error_name, error_text. */
static int print_result(sd_bus_message *message)
{
        const char *key, *value, *type;
        int r = sd_bus_message_enter_container(message, 'a', "{sv}");

        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = sd_bus_message_read(message, "s", &key);
                if (r >= 0)
                        r = sd_bus_message_peek_type(message, NULL, &type);
                if (r >= 0 && strcmp(type, "s") == 0) {
                        r = sd_bus_message_read(message, "v", "s", &value);
                        if (r >= 0)
                                printf("%s: %s\n", key, value);
                } else if (r >= 0) {
                        r = sd_bus_message_skip(message, "v");
                }
                if (r < 0 || (r = sd_bus_message_exit_container(message)) < 0)
                        return r;
        }
        return r;
}

/* Waits until the job rests; its state, valid as long as the reply, or NULL. */
static const char *wait_for(sd_bus *bus, const char *job, sd_bus_message **reply, sd_bus_error *error, int *r)
{
        const char *state;

        for (;;) {
                *r = sd_bus_call_method(bus, "org.hayesd1", job, "org.hayesd1.Job", "Wait", error, reply,
                                        "ta{sv}", TURN_USEC, 0);
                if (*r < 0 || (*r = sd_bus_message_read(*reply, "s", &state)) < 0)
                        return NULL;
                if (strcmp(state, "queued") != 0 && strcmp(state, "running") != 0)
                        return state;
                *reply = sd_bus_message_unref(*reply);
        }
}

int main(int argc, char *argv[])
{
        sd_bus *bus = NULL;
        sd_bus_message *accepted = NULL, *ended = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *job, *state = NULL;
        int status, r;

        if (argc != 5) {
                fprintf(stderr, "usage: %s ACCOUNT TO SUBJECT TEXT\n", argv[0]);
                return 64;
        }
        r = sd_bus_open_system(&bus);
        /* When this returns, the mail is on disk. The last argument is the number of options. */
        if (r >= 0)
                r = sd_bus_call_method(bus, "org.hayesd1", "/org/hayesd1", "org.hayesd1.Mail", "SendSimple",
                                       &error, &accepted, "ssssa{sv}", argv[1], argv[2], argv[3], argv[4], 0);
        if (r >= 0)
                r = sd_bus_message_read(accepted, "o", &job);
        if (r >= 0)
                state = wait_for(bus, job, &ended, &error, &r);
        if (state) {
                printf("%s: %s\n", job, state);
                r = print_result(ended);
        }
        if (r < 0)
                status = wrong(&error, r);
        else if (strcmp(state, "done") == 0)
                status = DELIVERED;
        else
                status = strcmp(state, "deferred") == 0 ? LATER : FAILED;

        sd_bus_error_free(&error);
        sd_bus_message_unref(ended);
        sd_bus_message_unref(accepted);
        sd_bus_flush_close_unref(bus);
        return status;
}
