#include "cli/doctor_report.h"

#include "cli/json_text.h"

namespace barnabas::cli {

void DoctorReport::ok(const std::string& step, const std::string& text) {
  JsonObject json;
  json.add("step", step).add("ok", true).add("text", text);
  steps_.push_back(json.text());
  if (!output_.data() && !output_.quiet) {
    output_.out << ' ' << output_.painted("ok", kGreen) << "   " << text << std::endl;
  }
}

void DoctorReport::fail(const std::string& step, const std::string& what, const Advice& advice) {
  ++failures_;
  JsonObject json;
  json.add("step", step).add("ok", false).add("text", what + advice.met);
  json.add("cause", advice.cause).add("fix", advice.fix);
  steps_.push_back(json.text());
  if (output_.data()) return;
  output_.out << ' ' << output_.painted("FAIL", kRed) << ' ' << what << advice.met << '\n'
              << "      cause: " << advice.cause << '\n'
              << "      fix:   " << advice.fix << std::endl;
}

void DoctorReport::finish(int exit, const std::string& verdict) const {
  if (output_.data()) {
    JsonObject json;
    json.add("ok", failures_ == 0).add("verdict", verdict).add("exit", exit);
    json.add_json("steps", json_list(steps_));
    output_.print_data(json.text(), "steps");
    return;
  }
  if (!output_.quiet) output_.out << verdict << '\n';
}

}  // namespace barnabas::cli
