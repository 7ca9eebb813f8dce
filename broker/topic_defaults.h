// Defaults for topics that stand in a broker's file, such as min.insync.replicas. They hold for the
// whole cluster, so the cluster keeps them: what it does not have yet is proposed from the file,
// what it has stands, and a file that says otherwise is told so in the log. Thus a rolling change
// goes through `barnabas config set`, and brokers with different files cannot quarrel.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "metadata/image.h"
#include "proto/admin.pb.h"

namespace barnabas::broker {

struct TopicDefaultsOffer {
  std::optional<proto::AdminRequest> request;  // nullopt: the cluster has them all
  std::vector<std::string> remarks;            // where file and cluster differ
};

TopicDefaultsOffer offer_topic_defaults(const metadata::Image& image,
                                        const metadata::ConfigMap& from_file);

}  // namespace barnabas::broker
