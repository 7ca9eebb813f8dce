#include "tests/simulation/checks/topics_known.h"

#include <absl/strings/str_cat.h>

namespace barnabas::simulation {

void TopicsKnown::judge(const std::string& process, const metadata::Image& image) const {
  for (const auto& [name, topic] : topics_) {
    const metadata::TopicImage* const there = image.topic_by_name(name);
    const std::string where = absl::StrCat("topic ", name, " at ", process);
    if (topic.state == State::kThere) {
      if (there == nullptr) {
        findings_.report("I55 a topic that was acknowledged is known", where + " is missing");
      } else if (!topic.id.is_none() && there->id != topic.id) {
        findings_.report("I55 a topic keeps the id that was told", where + " has another");
      }
    } else if (topic.state == State::kGone && there != nullptr) {
      findings_.report("I55 a topic whose deletion was acknowledged is gone", where + " is there");
    }
  }
}

}  // namespace barnabas::simulation
