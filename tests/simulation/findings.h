// What the checks of one run have found. The first violation stands; what follows it is noise.

#pragma once

#include <string>
#include <utility>

namespace barnabas::simulation {

class Findings {
 public:
  // `invariant`: its number and sentence; `what`: what was seen instead.
  void report(std::string invariant, std::string what) {
    if (any()) return;
    invariant_ = std::move(invariant);
    what_ = std::move(what);
  }
  bool any() const { return !invariant_.empty(); }
  const std::string& invariant() const { return invariant_; }
  const std::string& what() const { return what_; }
  std::string text() const { return any() ? invariant_ + ": " + what_ : std::string(); }

 private:
  std::string invariant_;
  std::string what_;
};

}  // namespace barnabas::simulation
