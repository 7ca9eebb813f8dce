// Tagged fields that no version known to us has, kept so that a message reads and writes back
// unchanged. Almost every message has none, so that costs one pointer.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace barnabas::kafka {

struct UnknownTag {
  uint32_t tag;
  std::string_view bytes;  // borrowed, as everything a reader gives

  friend bool operator==(const UnknownTag&, const UnknownTag&) = default;
};

class UnknownTags {
 public:
  UnknownTags() = default;
  UnknownTags(const UnknownTags& other) : tags_(other.tags_ ? clone(*other.tags_) : nullptr) {}
  UnknownTags(UnknownTags&& other) noexcept = default;
  UnknownTags& operator=(const UnknownTags& other) {
    tags_ = other.tags_ ? clone(*other.tags_) : nullptr;
    return *this;
  }
  UnknownTags& operator=(UnknownTags&& other) noexcept = default;

  bool empty() const { return tags_ == nullptr; }
  const std::vector<UnknownTag>& all() const;  // in the order in which they were added
  void add(UnknownTag tag);
  friend bool operator==(const UnknownTags& a, const UnknownTags& b) { return a.all() == b.all(); }

 private:
  using Tags = std::vector<UnknownTag>;
  static std::unique_ptr<Tags> clone(const Tags& tags);

  std::unique_ptr<Tags> tags_;
};

}  // namespace barnabas::kafka
