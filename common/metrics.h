// What one scrape shows, in Prometheus' text format.
//
// An exposition is made anew for each scrape from counters that exist anyway (common/histogram.h),
// so nothing is kept here for a topic that is gone, and nobody pays while nobody looks. Families
// keep the order in which they were first named; the samples of one name stand together.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/histogram.h"

namespace barnabas {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Exposition {
 public:
  Exposition();
  ~Exposition();
  Exposition(const Exposition&) = delete;
  Exposition& operator=(const Exposition&) = delete;

  // `help` is taken from the first call for a name. One name must keep one kind: CHECK.
  void counter(const std::string& name, const std::string& help, double value,
               const Labels& labels = {});
  void gauge(const std::string& name, const std::string& help, double value,
             const Labels& labels = {});
  // `per_unit`: how many of what the histogram counts make one of what the name says (1e6:
  // microseconds are shown as seconds).
  void histogram(const std::string& name, const std::string& help,
                 const Histogram::Snapshot& snapshot, double per_unit, const Labels& labels = {});

  std::string text() const;

 private:
  struct Shared;
  const std::unique_ptr<Shared> shared_;
};

}  // namespace barnabas
