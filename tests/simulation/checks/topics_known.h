// I55, S2: "A topic whose creation was acknowledged is known to every node from then on, under the
// id that was told, until its deletion is asked for; one whose deletion was acknowledged is gone."

#pragma once

#include <map>
#include <string>

#include "metadata/image.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class TopicsKnown {
 public:
  explicit TopicsKnown(Findings& findings) : findings_(findings) {}

  // `id`: none where the answer was that it exists already, after an attempt with unknown outcome.
  void created(const std::string& name, const Uuid& id) { topics_[name] = {State::kThere, id}; }
  // From the moment in which somebody asks for it, either is right.
  void deleting(const std::string& name) { topics_[name].state = State::kUnknown; }
  void deleted(const std::string& name) { topics_[name].state = State::kGone; }
  // The same for creation.
  void creating(const std::string& name) { topics_[name].state = State::kUnknown; }

  // An image that is known to be up to date.
  void judge(const std::string& process, const metadata::Image& image) const;

 private:
  enum class State { kUnknown, kThere, kGone };
  struct Topic {
    State state = State::kUnknown;
    Uuid id;
  };
  Findings& findings_;
  std::map<std::string, Topic> topics_;
};

}  // namespace barnabas::simulation
