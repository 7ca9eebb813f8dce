// barnabas config set, barnabas topic alter.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "cli/config_verbs.h"
#include "cli/json_text.h"
#include "cli/settings.h"
#include "cli/tally.h"

namespace barnabas::cli {
namespace {

constexpr int32_t kTopic = 2;
constexpr int32_t kBroker = 4;

struct Change {
  std::string key;
  std::string before, before_source;
  std::string after, after_source;
};

const Setting* find(const std::vector<Setting>& settings, const std::string& key) {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const Setting& one) { return one.key == key; });
  return found == settings.end() ? nullptr : &*found;
}

proto::AdminRequest request_of(const ConfigTarget& target, const ConfigOptions& options) {
  proto::AdminRequest request;
  request.mutable_alter_configs()->set_validate_only(options.validate_only);
  proto::ConfigResource& resource = *request.mutable_alter_configs()->add_resources();
  resource.set_type(target.kind == ConfigTarget::Kind::kTopic ? kTopic : kBroker);
  resource.set_name(target.name);
  for (const auto& [key, value] : options.changes) {
    proto::ConfigChange& change = *resource.add_changes();
    change.set_key(key);
    change.set_value(value);
    change.set_operation(proto::ConfigChange::SET);
  }
  for (const std::string& key : options.unset) {
    proto::ConfigChange& change = *resource.add_changes();
    change.set_key(key);
    change.set_operation(proto::ConfigChange::DELETE);
  }
  return request;
}

// What holds before and after; "" for a key that nobody knows yet.
std::vector<Change> changes_of(const ConfigTarget& target, const ConfigOptions& options,
                               const std::vector<Setting>& before,
                               const std::vector<Setting>& after) {
  std::vector<std::string> keys = options.unset;
  for (const auto& [key, value] : options.changes) keys.push_back(key);
  std::vector<Change> out;
  for (const std::string& key : keys) {
    const Setting* old = find(before, key);
    const Setting* now = find(after, key);
    Change& change = out.emplace_back();
    change.key = key;
    if (old != nullptr) change.before = old->value, change.before_source = old->source;
    if (now != nullptr) change.after = now->value, change.after_source = now->source;
    // What would be, where nothing was done.
    if (!options.validate_only) continue;
    for (const auto& [changed, value] : options.changes) {
      if (changed != key) continue;
      change.after = value;
      change.after_source = target.kind == ConfigTarget::Kind::kTopic  ? "topic"
                            : target.kind == ConfigTarget::Kind::kNode ? "node"
                                                                       : "cluster";
    }
    if (std::find(options.unset.begin(), options.unset.end(), key) != options.unset.end()) {
      const auto* about = find_key(key);
      change.after = about == nullptr ? "" : std::string(about->default_value);
      change.after_source = "default";
    }
  }
  return out;
}

std::string change_json(const ConfigTarget& target, const Change& change) {
  return JsonObject()
      .add("of", name_of(target))
      .add("key", change.key)
      .add("before", change.before)
      .add("before_source", change.before_source)
      .add("after", change.after)
      .add("after_source", change.after_source)
      .text();
}

}  // namespace

int config_set(AdminClient& client, const Output& output, const ConfigOptions& options) {
  Tally tally(output);
  std::vector<std::string> rows;
  for (const ConfigTarget& target : options.targets) {
    const std::string tried =
        absl::StrCat(options.validate_only ? "check the settings of " : "change the settings of ",
                     name_of(target));
    std::string ignored;
    auto before = settings_of(client, nullptr, target, ignored);
    if (!before.ok()) {
      Problem problem = before.problem();
      problem.tried = tried;
      tally.failed(problem);
      continue;
    }
    const auto answer = client.call(request_of(target, options), tried);
    if (!answer.ok()) {
      tally.failed(answer.problem());
      continue;
    }
    bool failed = false;
    for (const proto::AlteredResource& resource : answer.value().alter_configs().resources()) {
      if (resource.error().code() == 0) continue;
      failed = true;
      tally.failed(
          problem_of(resource.error().code(), resource.error().message(), tried, target.name));
    }
    if (failed) continue;
    auto after = settings_of(client, nullptr, target, ignored);
    if (!after.ok()) {
      tally.failed(after.problem());
      continue;
    }
    tally.done();
    for (const Change& change : changes_of(target, options, before.value(), after.value())) {
      if (output.data()) {
        rows.push_back(change_json(target, change));
      } else if (!output.quiet) {
        output.out << name_of(target) << "  " << change.key << ": " << change.before << " ("
                   << change.before_source << ") -> " << change.after << " (" << change.after_source
                   << ')' << (options.validate_only ? "  would be" : "") << '\n';
      }
    }
  }
  if (output.data()) {
    output.print_data(JsonObject()
                          .add("executed", !options.validate_only)
                          .add_json("changes", json_list(rows))
                          .text(),
                      "changes");
  }
  return tally.exit();
}

int topic_alter(AdminClient& client, const Output& output, const TopicAlterOptions& options) {
  ConfigOptions changes;
  for (const std::string& name : options.names) {
    changes.targets.push_back({ConfigTarget::Kind::kTopic, name});
  }
  changes.changes = options.configs;
  changes.unset = options.unset;
  changes.validate_only = options.validate_only;
  return config_set(client, output, changes);
}

}  // namespace barnabas::cli
