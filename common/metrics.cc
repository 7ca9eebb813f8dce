#include "common/metrics.h"

#include <glog/logging.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <utility>

namespace barnabas {
namespace {

class PromCounter final : public Counter {
 public:
  explicit PromCounter(prometheus::Counter& c) : counter_(c) {}
  void add(double by) override { counter_.Increment(by); }
  double value() const override { return counter_.Value(); }

 private:
  prometheus::Counter& counter_;
};

class PromGauge final : public Gauge {
 public:
  explicit PromGauge(prometheus::Gauge& g) : gauge_(g) {}
  void set(double value) override { gauge_.Set(value); }
  void add(double by) override { gauge_.Increment(by); }
  double value() const override { return gauge_.Value(); }

 private:
  prometheus::Gauge& gauge_;
};

class PromHistogram final : public Histogram {
 public:
  explicit PromHistogram(prometheus::Histogram& h) : histogram_(h) {}
  void observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

using LabelMap = std::map<std::string, std::string>;

// All series of one name: the family, and our face of each member.
template <class Family, class Face>
struct Series {
  prometheus::Family<Family>* family = nullptr;
  std::map<LabelMap, std::unique_ptr<Face>> members;

  template <class Wrapper, class... Args>
  Face& get(const Labels& labels, size_t limit, const Args&... args) {
    LabelMap key(labels.begin(), labels.end());
    auto found = members.find(key);
    if (found == members.end() && members.size() >= limit) {
      for (auto& [name, value] : key) value = "other";
      found = members.find(key);
    }
    if (found == members.end()) {
      auto face = std::make_unique<Wrapper>(family->Add(key, args...));
      found = members.emplace(std::move(key), std::move(face)).first;
    }
    return *found->second;
  }
};

}  // namespace

struct Metrics::Shared {
  explicit Shared(size_t limit) : max_series(limit) {}

  const size_t max_series;
  prometheus::Registry registry;
  Mutex mutex;
  std::map<std::string, Series<prometheus::Counter, Counter>> counters GUARDED_BY(mutex);
  std::map<std::string, Series<prometheus::Gauge, Gauge>> gauges GUARDED_BY(mutex);
  std::map<std::string, Series<prometheus::Histogram, Histogram>> histograms GUARDED_BY(mutex);
};

Metrics::Metrics(size_t max_series_per_name)
    : shared_(std::make_unique<Shared>(max_series_per_name)) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  MutexLock lock(shared_->mutex);
  auto& series = shared_->counters[name];
  if (series.family == nullptr) {
    series.family = &prometheus::BuildCounter().Name(name).Help(help).Register(shared_->registry);
  }
  return series.get<PromCounter>(labels, shared_->max_series);
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  MutexLock lock(shared_->mutex);
  auto& series = shared_->gauges[name];
  if (series.family == nullptr) {
    series.family = &prometheus::BuildGauge().Name(name).Help(help).Register(shared_->registry);
  }
  return series.get<PromGauge>(labels, shared_->max_series);
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help,
                              const std::vector<double>& bounds, const Labels& labels) {
  MutexLock lock(shared_->mutex);
  auto& series = shared_->histograms[name];
  if (series.family == nullptr) {
    series.family = &prometheus::BuildHistogram().Name(name).Help(help).Register(shared_->registry);
  }
  return series.get<PromHistogram>(labels, shared_->max_series, bounds);
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(shared_->registry.Collect());
}

const std::vector<double>& latency_bounds() {
  static const std::vector<double> bounds = [] {
    std::vector<double> out;
    for (double decade = 1e-5; decade < 5; decade *= 10) {
      for (const double step : {1.0, 2.0, 5.0}) out.push_back(decade * step);
    }
    out.push_back(10);
    return out;
  }();
  return bounds;
}

}  // namespace barnabas
