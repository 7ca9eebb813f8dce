// The APIs that this broker serves: the one table from which requests are dispatched and
// ApiVersions is answered. What is not in it does not exist for clients.

#pragma once

#include <absl/types/span.h>

#include <cstdint>

#include "broker/api/request.h"
#include "broker/api/services.h"

namespace barnabas::api {

using Handler = void (*)(Services&, Request, Responder);

struct Api {
  int16_t key;
  const char* name;
  int16_t advertised_min;
  int16_t max;         // the newest version, served and advertised
  int16_t served_min;  // above advertised_min where old clients need to see what they never send
  bool advertised;     // false: between brokers only
  Handler handle;
};

inline constexpr int16_t kApiVersionsKey = 18;

// In ascending order of the key.
absl::Span<const Api> all_apis();
const Api* find_api(int16_t key);

// ApiVersions in a version that we do not know: error 35 and the versions of this one API, in the
// encoding of version 0 (KIP-511).
void answer_unknown_api_versions(Responder responder);

// One file each, of that name.
void handle_produce(Services&, Request, Responder);
void handle_fetch(Services&, Request, Responder);
void handle_list_offsets(Services&, Request, Responder);
void handle_metadata(Services&, Request, Responder);
void handle_offset_commit(Services&, Request, Responder);
void handle_offset_fetch(Services&, Request, Responder);
void handle_find_coordinator(Services&, Request, Responder);
void handle_join_group(Services&, Request, Responder);
void handle_heartbeat(Services&, Request, Responder);
void handle_leave_group(Services&, Request, Responder);
void handle_sync_group(Services&, Request, Responder);
void handle_describe_groups(Services&, Request, Responder);
void handle_list_groups(Services&, Request, Responder);
void handle_api_versions(Services&, Request, Responder);
void handle_create_topics(Services&, Request, Responder);
void handle_delete_topics(Services&, Request, Responder);
void handle_init_producer_id(Services&, Request, Responder);
void handle_offset_for_leader_epoch(Services&, Request, Responder);
void handle_describe_configs(Services&, Request, Responder);
void handle_alter_configs(Services&, Request, Responder);
void handle_create_partitions(Services&, Request, Responder);
void handle_elect_leaders(Services&, Request, Responder);
void handle_incremental_alter_configs(Services&, Request, Responder);
void handle_describe_quorum(Services&, Request, Responder);
void handle_delete_records(Services&, Request, Responder);
void handle_describe_log_dirs(Services&, Request, Responder);
void handle_describe_cluster(Services&, Request, Responder);
void handle_unregister_broker(Services&, Request, Responder);
void handle_list_config_resources(Services&, Request, Responder);
void handle_describe_topic_partitions(Services&, Request, Responder);
void handle_delete_groups(Services&, Request, Responder);
void handle_offset_delete(Services&, Request, Responder);
void handle_durable_report(Services&, Request, Responder);

}  // namespace barnabas::api
