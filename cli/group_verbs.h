// The verbs on consumer groups, which ask brokers. Each prints its answer to `output` and returns
// the exit code. `now_ms`: since 1970, what ages are counted from.

#pragma once

#include "cli/cluster_port.h"
#include "cli/options.h"
#include "cli/output.h"

namespace barnabas::cli {

int group_list(ClusterPort& brokers, const Output& output, const GroupListOptions& options);
int group_describe(ClusterPort& brokers, const Output& output, const GroupNames& options,
                   int64_t now_ms);
int group_lag(ClusterPort& brokers, const Output& output, const GroupNames& options,
              int64_t now_ms);
int group_seek(ClusterPort& brokers, const Output& output, const GroupSeekOptions& options);
int group_delete(ClusterPort& brokers, const Output& output, const GroupNames& options);
int group_offset_delete(ClusterPort& brokers, const Output& output,
                        const OffsetDeleteOptions& options);
int topic_trim(ClusterPort& brokers, const Output& output, const TopicTrimOptions& options);

}  // namespace barnabas::cli
