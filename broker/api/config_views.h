// What DescribeConfigs says of a topic, of a broker, and of all brokers together: each key with the
// value that holds, where that stands, and what would hold without it.
//
//   a topic's key    set on the topic > changed for this broker > changed for all > built in
//   a broker's key   changed for this broker > changed for all > built in
//   a file's key     this broker's file > built in                               (read only)
//
// Defaults for topics that stand in a file are the cluster's from the broker's first start on
// (broker/topic_defaults.h) and are shown as changed for all, which is where they can be changed.
//
// Texts are borrowed from the image, from `Options` and from static tables: use the views under the
// image's reader lock.

#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "broker/api/config_resources.h"
#include "broker/api/services.h"
#include "metadata/config_keys.h"
#include "metadata/image.h"

namespace barnabas::api {

struct ConfigSynonym {
  std::string_view name;
  std::string_view value;
  ConfigSource source;
};

struct ConfigView {
  explicit ConfigView(const metadata::ConfigKey& of) : key(&of) {}

  const metadata::ConfigKey* key;
  std::optional<std::string_view> value;  // nullopt: not set, and there is no default
  ConfigSource source = ConfigSource::kDefault;
  bool read_only = false;
  std::vector<ConfigSynonym> synonyms;  // the first is the one that holds
};

std::vector<ConfigView> topic_configs(const metadata::Image& image, std::string_view topic,
                                      BrokerId self);
std::vector<ConfigView> broker_configs(const metadata::Image& image, const Options& options);
// Those that were changed, only.
std::vector<ConfigView> cluster_configs(const metadata::Image& image);

}  // namespace barnabas::api
