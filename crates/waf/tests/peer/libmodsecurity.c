/* libmodsecurity (ModSecurity v3) beside our engine: the same requests, the same rule files, in the same run.
 *
 *     libmodsecurity REQUESTS ROUNDS RULES...
 *
 * REQUESTS holds frames, all numbers 32 bits, little endian: a mark, which is copied to the answer; method, target and
 * version, each with its length before it; the count of headers, then their names and values; the body. Phases 1 and 2 of
 * each run ROUNDS times. Says a line for each request on stdout, `MARK ID... = STATUS` (STATUS is 0 where nothing stopped it,
 * ID each logged rule that matched, of the first round), and the least of the rounds as `us_per_request N` in processor
 * time on stderr. Built by hand: cc -O2 libmodsecurity.c -o libmodsecurity -lmodsecurity (Debian: libmodsecurity-dev).
 */
#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct text {
    const unsigned char *bytes;
    uint32_t length;
};

static const unsigned char *at, *end;
static int listing;

static uint32_t number(void) {
    if (end - at < 4) { fputs("libmodsecurity: a frame ends early\n", stderr); exit(3); }
    uint32_t value = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    at += 4;
    return value;
}

static struct text text(void) {
    struct text text = {0, number()};
    if ((size_t)(end - at) < text.length) { fputs("libmodsecurity: a frame ends early\n", stderr); exit(3); }
    text.bytes = at;
    at += text.length;
    return text;
}

static char *owned(struct text text) {
    char *copy = malloc(text.length + 1);
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = 0;
    return copy;
}

static void logged(void *data, const void *line) {
    (void)data;
    const char *id = listing ? strstr(line, "[id \"") : NULL;
    if (id) printf(" %d", atoi(id + 5));
}

static int stopped(Transaction *transaction) {
    ModSecurityIntervention it = {.status = 200};
    int status = msc_intervention(transaction, &it) ? it.status : 0;
    free(it.url);
    free(it.log);
    return status;
}

static void judge(ModSecurity *engine, RulesSet *rules) {
    uint32_t mark = number();
    struct text method = text(), target = text(), version = text();
    if (listing) printf("%u", mark);
    Transaction *transaction = msc_new_transaction(engine, rules, NULL);
    char *uri = owned(target), *verb = owned(method), *protocol = owned(version);
    msc_process_connection(transaction, "127.0.0.1", 40000, "127.0.0.1", 80);
    /* It adds "HTTP/" itself. */
    msc_process_uri(transaction, uri, verb, strncmp(protocol, "HTTP/", 5) ? protocol : protocol + 5);
    for (uint32_t count = number(); count > 0; count--) {
        struct text name = text(), value = text();
        msc_add_n_request_header(transaction, name.bytes, name.length, value.bytes, value.length);
    }
    struct text body = text();
    msc_process_request_headers(transaction);
    int status = stopped(transaction);
    if (!status) {
        if (body.length) msc_append_request_body(transaction, body.bytes, body.length);
        status = stopped(transaction);
        if (!status) {
            msc_process_request_body(transaction);
            status = stopped(transaction);
        }
    }
    msc_transaction_cleanup(transaction);
    free(uri);
    free(verb);
    free(protocol);
    if (listing) printf(" = %d\n", status);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

int main(int count, char **arguments) {
    if (count < 4) { fputs("libmodsecurity REQUESTS ROUNDS RULES...\n", stderr); return 2; }
    FILE *file = fopen(arguments[1], "rb");
    if (!file) { perror(arguments[1]); return 2; }
    fseek(file, 0, SEEK_END);
    size_t size = ftell(file);
    rewind(file);
    unsigned char *frames = malloc(size);
    if (fread(frames, 1, size, file) != size) { perror(arguments[1]); return 2; }
    fclose(file);
    end = frames + size;

    ModSecurity *engine = msc_init();
    msc_set_log_cb(engine, logged);
    RulesSet *rules = msc_create_rules_set();
    for (int index = 3; index < count; index++) {
        const char *error = NULL;
        if (msc_rules_add_file(rules, arguments[index], &error) < 0) {
            fprintf(stderr, "libmodsecurity: %s: %s\n", arguments[index], error ? error : "?");
            return 2;
        }
    }
    double best = 1e18;
    for (int round = 0, rounds = atoi(arguments[2]); round < rounds; round++) {
        size_t requests = 0;
        double before = now();
        listing = round == 0;
        for (at = frames; at < end; requests++) judge(engine, rules);
        double each = (now() - before) / (requests ? requests : 1);
        if (each < best) best = each;
    }
    fprintf(stderr, "us_per_request %.1f\n", best);
    return 0;
}
