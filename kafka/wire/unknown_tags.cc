#include "kafka/wire/unknown_tags.h"

namespace barnabas::kafka {

std::unique_ptr<UnknownTags::Tags> UnknownTags::clone(const Tags& tags) {
  return std::make_unique<Tags>(tags);
}

const std::vector<UnknownTag>& UnknownTags::all() const {
  static const Tags kNone;
  return tags_ ? *tags_ : kNone;
}

void UnknownTags::add(UnknownTag tag) {
  if (tags_ == nullptr) tags_ = std::make_unique<Tags>();
  tags_->push_back(tag);
}

}  // namespace barnabas::kafka
