// The verbs that ask a controller. Each prints its answer to `output` and returns the exit code.

#pragma once

#include "cli/admin_client.h"
#include "cli/cluster_port.h"
#include "cli/options.h"
#include "cli/output.h"

namespace barnabas::cli {

int topic_create(AdminClient& client, const Output& output, const TopicCreateOptions& options);
int topic_delete(AdminClient& client, const Output& output, const TopicDeleteOptions& options);
int topic_list(AdminClient& client, const Output& output, const TopicListOptions& options);
// `brokers` are asked for offsets and sizes; nullptr, or none that answers: without those.
int topic_describe(AdminClient& client, ClusterPort* brokers, const Output& output,
                   const TopicDescribeOptions& options);
int topic_add_partitions(AdminClient& client, const Output& output,
                         const AddPartitionsOptions& options);
int quorum_status(AdminClient& client, const Output& output);
// Exits with 0 healthy, 1 degraded, 2 down.
int status(AdminClient& client, const Output& output);

// The best view of the quorum that can be had: the leader's own, else anybody's.
Result<proto::DescribeQuorumAnswer> describe_quorum(AdminClient& client);
// "host:port,host:port" of the brokers that run, for librdkafka.
Result<std::string> find_brokers(AdminClient& client);

}  // namespace barnabas::cli
