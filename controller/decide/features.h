// Feature levels. `metadata.version` says which records may be written; it is finalized by the
// first active controller of a cluster.

#pragma once

#include <map>
#include <string>

#include "controller/decide/decided.h"
#include "metadata/image.h"
#include "proto/session.pb.h"

namespace barnabas::controller {

inline constexpr char kMetadataVersion[] = "metadata.version";
inline constexpr int32_t kOldestMetadataVersion = 1;
inline constexpr int32_t kNewestMetadataVersion = 1;

// A broker must understand every finalized level. A feature that it does not name it knows up to
// level 1, the first.
Failure check_features(const metadata::Image& image, const proto::Register& command);

// The first decision of a new cluster: the feature level, and the defaults of all brokers that the
// configuration file of this controller names. Empty in a cluster that has it.
proto::Decision decide_bootstrap(const metadata::Image& image,
                                 const std::map<std::string, std::string>& broker_defaults);

}  // namespace barnabas::controller
