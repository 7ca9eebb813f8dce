// What a probe is told: 200 or 503, and why, as JSON.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/http/request.h"

namespace barnabas::http {

class Health {
 public:
  // `reason`: what is missing, in words that tell what to look at.
  void fail(std::string reason) { reasons_.push_back(std::move(reason)); }
  // Shown with the verdict, in this order.
  void note(std::string name, std::string value) {
    facts_.emplace_back(std::move(name), std::move(value));
  }

  bool ok() const { return reasons_.empty(); }
  const std::vector<std::string>& reasons() const { return reasons_; }
  Response response() const;

 private:
  std::vector<std::string> reasons_;
  std::vector<std::pair<std::string, std::string>> facts_;
};

}  // namespace barnabas::http
