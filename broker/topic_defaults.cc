#include "broker/topic_defaults.h"

#include <absl/strings/str_cat.h>

namespace barnabas::broker {

TopicDefaultsOffer offer_topic_defaults(const metadata::Image& image,
                                        const metadata::ConfigMap& from_file) {
  TopicDefaultsOffer out;
  const metadata::ConfigMap* present = image.configs(metadata::ResourceType::kBroker, "");
  proto::ConfigResource* resource = nullptr;
  for (const auto& [key, value] : from_file) {
    if (present != nullptr) {
      const auto known = present->find(key);
      if (known != present->end()) {
        if (known->second != value) {
          out.remarks.push_back(absl::StrCat(
              "the file says ", key, "=", value, ", the cluster ", key, "=", known->second,
              ": the cluster's value holds; change it there (barnabas config set), not in files"));
        }
        continue;
      }
    }
    if (resource == nullptr) {
      resource = out.request.emplace().mutable_alter_configs()->add_resources();
      resource->set_type(static_cast<int32_t>(metadata::ResourceType::kBroker));
    }
    proto::ConfigChange& change = *resource->add_changes();
    change.set_key(key);
    change.set_value(value);
    change.set_operation(proto::ConfigChange::SET);
  }
  if (out.request.has_value()) out.request->set_principal("User:barnabas");
  return out;
}

}  // namespace barnabas::broker
