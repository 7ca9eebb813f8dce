// The verbs on settings. Each prints its answer to `output` and returns the exit code.

#pragma once

#include <string>

#include "cli/admin_client.h"
#include "cli/cluster_port.h"
#include "cli/options.h"
#include "cli/output.h"

namespace barnabas::cli {

int config_get(AdminClient& client, ClusterPort& brokers, const Output& output,
               const ConfigOptions& options);
int config_describe(AdminClient& client, ClusterPort& brokers, const Output& output,
                    const ConfigOptions& options);
int config_diff(AdminClient& client, ClusterPort& brokers, const Output& output,
                const ConfigOptions& options);
int config_set(AdminClient& client, const Output& output, const ConfigOptions& options);
// The same for several topics at once.
int topic_alter(AdminClient& client, const Output& output, const TopicAlterOptions& options);
// All keys there are, without asking anybody.
int config_list(const Output& output, const ConfigOptions& options);
int config_explain(const Output& output, const std::string& key);
// An error of Kafka's, an exit code ("exit:8") or a key.
int explain(const Output& output, const std::string& what);

}  // namespace barnabas::cli
