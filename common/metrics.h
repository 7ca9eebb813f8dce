// Counters, gauges and histograms of one process, in Prometheus' text format.
//
// A hot path takes a reference once and bumps it: one relaxed atomic operation, no look-up. The
// number of label combinations of one name is bounded; those beyond the bound are counted together
// under the label values "other", so that clients cannot make a process grow.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/mutex.h"

namespace barnabas {

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double by = 1) = 0;
  virtual double value() const = 0;
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
  virtual void add(double by) = 0;
  virtual double value() const = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

using Labels = std::vector<std::pair<std::string, std::string>>;

class Metrics {
 public:
  explicit Metrics(size_t max_series_per_name = 1000);
  ~Metrics();

  // The same name and labels always give the same object; it lives as long as this registry.
  // Thread-safe. `help` is taken from the first call. One name must keep one kind.
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `bounds`: upper ends of the buckets, rising; +Inf is added.
  Histogram& histogram(const std::string& name, const std::string& help,
                       const std::vector<double>& bounds, const Labels& labels = {});

  // All of it, as scraped from /metrics.
  std::string text() const;

 private:
  struct Shared;
  const std::unique_ptr<Shared> shared_;
};

// 10 us to 10 s in steps of 1-2-5, in seconds: for latencies.
const std::vector<double>& latency_bounds();

}  // namespace barnabas
