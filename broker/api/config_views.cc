#include "broker/api/config_views.h"

#include <string>
#include <utility>

namespace barnabas::api {
namespace {

using metadata::ConfigKey;
using metadata::ConfigMap;
using metadata::Image;
using metadata::ResourceType;

void add_if_set(const ConfigMap* values, std::string_view name, ConfigSource source,
                ConfigView& view) {
  if (values == nullptr) return;
  const auto found = values->find(std::string(name));
  if (found != values->end()) view.synonyms.push_back({name, found->second, source});
}

void settle(ConfigView& view) {
  if (view.synonyms.empty()) return;
  view.value = view.synonyms[0].value;
  view.source = view.synonyms[0].source;
}

// What was changed while brokers run, and is behind the keys of topics as well.
class Dynamic {
 public:
  Dynamic(const Image& image, BrokerId self)
      : own_(image.configs(ResourceType::kBroker, std::to_string(self.value()))),
        all_(image.configs(ResourceType::kBroker, "")) {}

  void add(std::string_view name, std::string_view built_in, ConfigView& view) const {
    add_if_set(own_, name, ConfigSource::kBroker, view);
    add_if_set(all_, name, ConfigSource::kBrokerDefault, view);
    view.synonyms.push_back({name, built_in, ConfigSource::kDefault});
  }

 private:
  const ConfigMap* own_;
  const ConfigMap* all_;
};

ConfigView file_view(const ConfigKey& key, const Options& options) {
  ConfigView view(key);
  view.read_only = true;
  add_if_set(&options.file, key.name, ConfigSource::kFile, view);
  const auto chosen = options.chosen.find(std::string(key.name));
  if (chosen != options.chosen.end()) {
    view.synonyms.push_back({key.name, chosen->second, ConfigSource::kDefault});
  } else if (!key.default_value.empty()) {
    view.synonyms.push_back({key.name, key.default_value, ConfigSource::kDefault});
  }
  settle(view);
  return view;
}

}  // namespace

std::vector<ConfigView> topic_configs(const Image& image, std::string_view topic, BrokerId self) {
  const ConfigMap* own = image.configs(ResourceType::kTopic, topic);
  const Dynamic dynamic(image, self);
  std::vector<ConfigView> out;
  for (const ConfigKey& key : metadata::topic_keys()) {
    ConfigView& view = out.emplace_back(key);
    view.value = key.default_value;
    add_if_set(own, key.name, ConfigSource::kTopic, view);
    if (!key.broker_key.empty()) dynamic.add(key.broker_key, key.default_value, view);
    settle(view);
  }
  return out;
}

std::vector<ConfigView> broker_configs(const Image& image, const Options& options) {
  const Dynamic dynamic(image, options.self);
  std::vector<ConfigView> out;
  for (const ConfigKey& key : metadata::broker_keys()) {
    ConfigView& view = out.emplace_back(key);
    dynamic.add(key.name, key.default_value, view);
    settle(view);
  }
  for (const ConfigKey& key : metadata::static_broker_keys()) {
    out.push_back(file_view(key, options));
  }
  return out;
}

std::vector<ConfigView> cluster_configs(const Image& image) {
  std::vector<ConfigView> out;
  const ConfigMap* all = image.configs(ResourceType::kBroker, "");
  if (all == nullptr) return out;
  for (const auto& [name, value] : *all) {
    const ConfigKey* key = metadata::find_broker_key(name);
    if (key == nullptr) continue;  // of a newer version of this software
    ConfigView& view = out.emplace_back(*key);
    view.synonyms.push_back({key->name, value, ConfigSource::kBrokerDefault});
    settle(view);
  }
  return out;
}

}  // namespace barnabas::api
