// What is told about the cluster, from a committed image. Pure.

#pragma once

#include <absl/functional/function_ref.h>

#include <optional>
#include <string>

#include "common/transport.h"
#include "controller/brokers.h"
#include "metadata/image.h"
#include "proto/admin.pb.h"
#include "raft/node.h"

namespace barnabas::controller {

proto::DescribeTopicsAnswer describe_topics(const metadata::Image& image,
                                            const proto::DescribeTopicsRequest& request);

proto::DescribeConfigsAnswer describe_configs(const metadata::Image& image,
                                              const proto::DescribeConfigsRequest& request);

using BrokerViews = absl::FunctionRef<std::optional<Brokers::View>(Incarnation)>;
proto::DescribeClusterAnswer describe_cluster(const metadata::Image& image,
                                              const std::string& cluster_id,
                                              ControllerId controller, BrokerViews views);

proto::DescribeQuorumAnswer describe_quorum(
    const raft::Status& status, ControllerId self,
    absl::FunctionRef<std::string(ControllerId)> endpoint_of);

}  // namespace barnabas::controller
