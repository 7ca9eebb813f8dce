#include "cli/config_check.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "broker/config.h"
#include "cli/json_text.h"
#include "common/properties.h"
#include "controller/config.h"

namespace barnabas::cli {
namespace {

std::string role_of(const Properties& properties, const ConfigCheckOptions& options) {
  if (!options.role.empty()) return options.role;
  const Properties::Entry* const roles = properties.find("process.roles");
  if (roles != nullptr && absl::StripAsciiWhitespace(roles->value) == "controller") {
    return "controller";
  }
  return "broker";
}

// What nobody has to mend, but somebody may have overlooked.
void add_hints(const std::string& text, const ConfigCheckOptions& options,
               std::vector<ConfigFinding>& findings) {
  if (!text.empty() && text.back() != '\n') {
    findings.push_back(
        {0, "", absl::StrCat(options.file, ": the last line has no end: is the file complete?"),
         false});
  }
}

std::string as_json(const ConfigFinding& finding) {
  JsonObject json;
  json.add("severity", finding.is_error ? "error" : "remark");
  if (finding.line > 0) {
    json.add("line", finding.line);
  } else {
    json.add_null("line");
  }
  if (finding.key.empty()) {
    json.add_null("key");
  } else {
    json.add("key", finding.key);
  }
  return json.add("text", finding.text).text();
}

}  // namespace

int config_check(const Output& output, const ConfigCheckOptions& options) {
  std::vector<ConfigFinding> findings;
  const std::string text = read_whole_file(options.file, findings);
  if (!findings.empty()) {
    return output.fail({ExitCode::kNotFound, absl::StrCat("check ", options.file), findings[0].text,
                        "", "ls -l " + options.file});
  }
  const Properties properties = Properties::parse_all(text, options.file, findings);
  const std::string role = role_of(properties, options);
  if (role == "controller") {
    static_cast<void>(controller::check_config(properties, findings));
  } else {
    const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    static_cast<void>(broker::check_config(properties, cores, findings));
  }
  add_hints(text, options, findings);
  std::stable_sort(findings.begin(), findings.end(),
                   [](const ConfigFinding& a, const ConfigFinding& b) {
                     return (a.line == 0 ? INT32_MAX : a.line) < (b.line == 0 ? INT32_MAX : b.line);
                   });
  const auto errors = std::count_if(findings.begin(), findings.end(),
                                    [](const ConfigFinding& finding) { return finding.is_error; });
  const auto remarks = static_cast<int64_t>(findings.size()) - errors;
  const int exit = errors == 0 ? 0 : static_cast<int>(ExitCode::kFailed);

  if (output.data()) {
    std::vector<std::string> list;
    for (const ConfigFinding& finding : findings) list.push_back(as_json(finding));
    JsonObject json;
    json.add("file", options.file).add("role", role).add("ok", errors == 0);
    json.add("settings", properties.entries().size()).add("errors", errors);
    json.add("remarks", remarks).add_json("findings", json_list(list));
    output.print_data(json.text(), "findings");
    return exit;
  }
  for (const ConfigFinding& finding : findings) {
    output.out << (finding.is_error ? output.painted("error", kRed)
                                    : output.painted("remark", kYellow))
               << "  " << finding.text << '\n';
  }
  if (!output.quiet) {
    output.out << options.file << ": as a " << role << "'s, "
               << counted(static_cast<int64_t>(properties.entries().size()), "setting", "settings")
               << ", " << counted(errors, "error", "errors") << ", "
               << counted(remarks, "remark", "remarks") << '\n';
  }
  return exit;
}

}  // namespace barnabas::cli
