// Which nodes' packets reach which: the partitions of a simulated network. Directed, so that one
// way can be cut alone.

#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace barnabas {

class Reachability {
 public:
  bool reaches(const std::string& from, const std::string& to) const {
    if (from == to) return true;
    return isolated_.count(from) == 0 && isolated_.count(to) == 0 && cut_.count({from, to}) == 0;
  }

  void cut_one_way(const std::string& from, const std::string& to) { cut_.insert({from, to}); }
  void cut(const std::string& a, const std::string& b) {
    cut_one_way(a, b);
    cut_one_way(b, a);
  }
  // Nobody on one side reaches anybody on the other.
  void partition(const std::vector<std::string>& one, const std::vector<std::string>& other) {
    for (const std::string& a : one) {
      for (const std::string& b : other) cut(a, b);
    }
  }
  // From everybody, those that start later included.
  void isolate(const std::string& node) { isolated_.insert(node); }

  void mend(const std::string& a, const std::string& b) {
    cut_.erase({a, b});
    cut_.erase({b, a});
    changed();
  }
  void rejoin(const std::string& node) {
    isolated_.erase(node);
    changed();
  }
  void heal() {
    cut_.clear();
    isolated_.clear();
    changed();
  }

  // Called when something may get through that did not before.
  void on_mended(std::function<void()> heard) { heard_.push_back(std::move(heard)); }

 private:
  void changed() {
    for (const auto& heard : heard_) heard();
  }

  std::set<std::pair<std::string, std::string>> cut_;
  std::set<std::string> isolated_;
  std::vector<std::function<void()>> heard_;
};

}  // namespace barnabas
