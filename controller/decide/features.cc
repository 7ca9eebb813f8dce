#include "controller/decide/features.h"

#include <absl/strings/str_cat.h>

namespace barnabas::controller {

Failure check_features(const metadata::Image& image, const proto::Register& command) {
  for (const auto& [name, level] : image.features()) {
    proto::FeatureRange range;
    range.set_max(1);
    if (const auto found = command.features().find(name); found != command.features().end()) {
      range = found->second;
    }
    if (level < range.min() || level > range.max()) {
      return {ErrorCode::kUnsupportedVersion,
              absl::StrCat("The cluster uses ", name, " ", level, "; this broker understands ",
                           range.min(), " to ", range.max(), ".")};
    }
  }
  return {};
}

proto::Decision decide_bootstrap(const metadata::Image& image,
                                 const std::map<std::string, std::string>& broker_defaults) {
  proto::Decision decision;
  if (image.feature_level(kMetadataVersion) != 0) return decision;
  proto::FeatureLevel* level = decision.add_records()->mutable_feature_level();
  level->set_name(kMetadataVersion);
  level->set_level(kNewestMetadataVersion);
  for (const auto& [key, value] : broker_defaults) {
    proto::Config* config = decision.add_records()->mutable_config();
    config->set_type(proto::RESOURCE_BROKER);
    config->set_key(key);
    config->set_value(value);
  }
  return decision;
}

}  // namespace barnabas::controller
