/*
 * A plugin of PJRT's C API, as far as creating a client goes: the hosts tell each other of themselves through the key-value
 * callbacks, as XLA's own clients for GPUs do, and what they learned is the platform's version. There are no devices.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { int32_t code; char text[1024]; } Error;
typedef Error *MakeError(int code, const char *text, size_t size);

typedef struct {
  size_t size; void *extensions;
  const char *key; size_t key_size; int timeout_ms;
  MakeError **make_error; void *user_arg;
  char *value; size_t value_size; void (*deleter)(char *value);
} Get;
typedef struct {
  size_t size; void *extensions;
  const char *key; size_t key_size; const char *value; size_t value_size;
  MakeError **make_error; void *user_arg;
} Put;
typedef struct {
  size_t size; void *extensions;
  const char *name; size_t name_size; int type; int64_t number; size_t value_size;
} Option;
typedef struct {
  size_t size; void *extensions;
  Option *options; size_t option_count;
  Error *(*get)(Get *args); void *get_arg;
  Error *(*put)(Put *args); void *put_arg;
  void *client;
} Create;
typedef struct { size_t size; void *extensions; void *subject; const char *text; size_t text_size; } Text;
typedef struct { size_t size; void *extensions; Error *error; int32_t code; } Code;
typedef struct { size_t size; void *extensions; void *subject; } Subject;

typedef struct { Create *create; int timeout_ms; char key[64]; char value[256]; Error *error; } Wanted;

static Error *make_error(int code, const char *text, size_t size) {
  Error *error = calloc(1, sizeof *error);
  error->code = code;
  memcpy(error->text, text, size < sizeof error->text ? size : sizeof error->text - 1);
  return error;
}
static MakeError *make_error_address = make_error;

static void *get(void *wanted_) {
  Wanted *wanted = wanted_;
  Get args;
  memset(&args, 0xee, sizeof args);
  args.key = wanted->key;
  args.key_size = strlen(wanted->key);
  args.timeout_ms = wanted->timeout_ms;
  args.make_error = &make_error_address;
  wanted->error = wanted->create->get(&args);
  if (wanted->error) return NULL;
  memcpy(wanted->value, args.value, args.value_size);
  wanted->value[args.value_size] = 0;
  args.deleter(args.value);
  return NULL;
}

static Error *put(Create *create, const char *key, const char *value) {
  Put args;
  memset(&args, 0xee, sizeof args);
  args.key = key;
  args.key_size = strlen(key);
  args.value = value;
  args.value_size = strlen(value);
  args.make_error = &make_error_address;
  return create->put(&args);
}

static int64_t option(Create *create, const char *name) {
  for (size_t i = 0; i < create->option_count; i++)
    if (strncmp(create->options[i].name, name, create->options[i].name_size) == 0) return create->options[i].number;
  return 0;
}

static Error *create_client(Create *create) {
  int id = option(create, "node_id"), count = option(create, "num_nodes");
  char key[64], value[256] = "";
  sprintf(key, "local_topology/%d", id);
  sprintf(value, "host %d", id);
  Error *error = put(create, key, value);
  if (error) return error;
  Wanted wanted[8];
  pthread_t threads[8];
  int waits = id == 0 ? count : 1;
  for (int i = 0; i < waits; i++) {
    wanted[i] = (Wanted){.create = create, .timeout_ms = option(create, "timeout_ms")};
    if (id == 0) sprintf(wanted[i].key, "local_topology/%d", i);
    else strcpy(wanted[i].key, "global_topology");
    pthread_create(&threads[i], NULL, get, &wanted[i]);
  }
  char *topology = calloc(1, 4096);
  for (int i = 0; i < waits; i++) {
    pthread_join(threads[i], NULL);
    if (wanted[i].error) error = wanted[i].error;
    else strcat(strcat(topology, i ? ", " : ""), wanted[i].value);
  }
  if (!error && id == 0) error = put(create, "global_topology", topology);
  create->client = topology;
  return error;
}

static Error *nothing(void *args) { return NULL; }
static Error *no_devices(void *args) { memset((char *)args + 24, 0, 16); return NULL; }
static Error *free_subject(Subject *args) { free(args->subject); return NULL; }
static Error *message(Text *args) {
  args->text = ((Error *)args->subject)->text;
  args->text_size = strlen(args->text);
  return NULL;
}
static Error *code(Code *args) { args->code = args->error->code; return NULL; }
static Error *name(Text *args) { args->text = "stand-in"; args->text_size = 8; return NULL; }
static Error *version(Text *args) { args->text = args->subject; args->text_size = strlen(args->text); return NULL; }

static struct {
  size_t size; void *extensions;
  struct { size_t size; void *extensions; int major, minor; } version;
  void *slots[128];
} table = {sizeof table, NULL, {24, NULL, 0, 115}, {
  [0] = free_subject, [1] = message, [2] = code, [3] = nothing,
  [10] = create_client, [11] = free_subject, [12] = name, [14] = version, [16] = no_devices}};

void *GetPjrtApi(void) { return &table; }
