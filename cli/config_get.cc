// barnabas config get, describe, diff.

#include <absl/strings/str_cat.h>

#include "cli/config_verbs.h"
#include "cli/json_text.h"
#include "cli/settings.h"

namespace barnabas::cli {
namespace {

std::string text(std::string_view view) { return std::string(view); }

JsonObject target_json(const ConfigTarget& target) {
  JsonObject object;
  object.add("kind", target.kind == ConfigTarget::Kind::kTopic  ? "topic"
                     : target.kind == ConfigTarget::Kind::kNode ? "node"
                                                                : "cluster");
  return object.add("name", target.name);
}

std::string setting_json(const Setting& setting, bool all) {
  JsonObject object;
  object.add("key", setting.key).add("value", setting.value).add("source", setting.source);
  if (setting.about != nullptr) {
    object.add("default", text(setting.about->default_value))
        .add("type", text(metadata::type_name(setting.about->type)));
    if (all) {
      object.add("allowed", metadata::allowed_values(*setting.about))
          .add("has_effect", setting.about->has_effect)
          .add("documentation", text(setting.about->documentation));
    }
  }
  return object.text();
}

void print(const Output& output, const ConfigTarget& target, const std::vector<Setting>& settings,
           bool all) {
  if (output.data()) {
    std::vector<std::string> rows;
    for (const Setting& setting : settings) rows.push_back(setting_json(setting, all));
    output.print_data(target_json(target).add_json("configs", json_list(rows)).text(), "configs");
    return;
  }
  if (output.quiet) {
    for (const Setting& setting : settings) {
      output.out << (settings.size() == 1 ? "" : setting.key + "=") << setting.value << '\n';
    }
    return;
  }
  Table table(
      {{"key"}, {"value"}, {"source"}, {"default"}, {"type"}, {"allowed"}, {"note"}, {"meaning"}});
  for (const Setting& setting : settings) {
    const metadata::ConfigKey* about = setting.about;
    const bool more = about != nullptr && (all || output.wide());
    table.add({setting.key, setting.value, setting.source, more ? text(about->default_value) : "",
               more ? text(metadata::type_name(about->type)) : "",
               more ? metadata::allowed_values(*about) : "",
               about != nullptr && !about->has_effect ? "no effect" : "",
               about != nullptr && all ? text(about->documentation) : ""});
  }
  output.print(table);
}

int show(AdminClient& client, ClusterPort& brokers, const Output& output,
         const ConfigOptions& options, bool all) {
  const ConfigTarget& target = options.targets.front();
  std::string note;
  auto settings = settings_of(client, &brokers, target, note);
  if (!settings.ok()) return output.fail(settings.problem());
  auto wanted = chosen(settings.value(), options.keys,
                       absl::StrCat("read the settings of ", name_of(target)));
  if (!wanted.ok()) return output.fail(wanted.problem());
  print(output, target, wanted.value(), all);
  if (!note.empty()) output.note(note);
  return 0;
}

// One target: what is not at its default.
int own_diff(const Output& output, const ConfigTarget& target, std::vector<Setting> settings) {
  std::erase_if(settings, [](const Setting& setting) { return setting.at_default(); });
  if (settings.empty() && !output.data()) {
    output.note(absl::StrCat("all settings of ", name_of(target), " are at their defaults"));
    return 0;
  }
  if (output.data() || output.quiet) {
    print(output, target, settings, false);
    return 0;
  }
  Table table({{"key"}, {"value"}, {"default"}, {"source"}});
  for (const Setting& setting : settings) {
    table.add({setting.key, setting.value,
               setting.about == nullptr ? "-" : text(setting.about->default_value),
               setting.source});
  }
  output.print(table);
  return 0;
}

}  // namespace

int config_get(AdminClient& client, ClusterPort& brokers, const Output& output,
               const ConfigOptions& options) {
  return show(client, brokers, output, options, false);
}

int config_describe(AdminClient& client, ClusterPort& brokers, const Output& output,
                    const ConfigOptions& options) {
  return show(client, brokers, output, options, true);
}

int config_diff(AdminClient& client, ClusterPort& brokers, const Output& output,
                const ConfigOptions& options) {
  std::vector<std::vector<Setting>> sides;
  for (const ConfigTarget& target : options.targets) {
    std::string note;
    auto settings = settings_of(client, &brokers, target, note);
    if (!settings.ok()) return output.fail(settings.problem());
    if (!note.empty()) output.note(note);
    sides.push_back(std::move(settings.value()));
  }
  if (sides.size() == 1) return own_diff(output, options.targets[0], std::move(sides[0]));
  const std::string left = name_of(options.targets[0]);
  const std::string right = name_of(options.targets[1]);
  std::vector<std::string> rows;
  Table table({{"key"}, {left}, {right}});
  for (const Setting& one : sides[0]) {
    auto other = chosen(sides[1], {one.key}, "");
    const std::string value = other.ok() ? other.value()[0].value : "-";
    const std::string source = other.ok() ? other.value()[0].source : "";
    if (one.value == value) continue;
    rows.push_back(JsonObject()
                       .add("key", one.key)
                       .add("left", one.value)
                       .add("left_source", one.source)
                       .add("right", value)
                       .add("right_source", source)
                       .text());
    table.add({one.key, absl::StrCat(one.value, " (", one.source, ")"),
               absl::StrCat(value, source.empty() ? "" : absl::StrCat(" (", source, ")"))});
  }
  if (output.data()) {
    output.print_data(JsonObject()
                          .add_json("left", target_json(options.targets[0]).text())
                          .add_json("right", target_json(options.targets[1]).text())
                          .add_json("differences", json_list(rows))
                          .text(),
                      "differences");
  } else if (rows.empty()) {
    output.note(absl::StrCat(left, " and ", right, " have the same settings"));
  } else {
    output.print(table);
  }
  return 0;
}

}  // namespace barnabas::cli
