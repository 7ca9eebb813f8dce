#include "storage/memory_disk.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <utility>

#include "common/status.h"
#include "storage/memory_disk_state.h"

namespace barnabas::storage {
namespace {

constexpr uint64_t kNoLimit = uint64_t{1} << 60;

bool concerns(const std::string& part, const std::string& path) {
  return !part.empty() && path.find(part) != std::string::npos;
}

absl::Status io_error(const std::string& tried) {
  return absl::InternalError(absl::StrCat(tried, ": Input/output error"));
}

size_t copy_out(std::string_view content, uint64_t at, absl::Span<char> into) {
  if (at >= content.size()) return 0;
  return content.copy(into.data(), into.size(), at);
}

}  // namespace

class MemoryDisk::OpenFile final : public File {
 public:
  OpenFile(std::shared_ptr<State> state, MemoryNodePtr node, std::string path, bool writable)
      : state_(std::move(state)),
        node_(std::move(node)),
        path_(std::move(path)),
        writable_(writable),
        generation_(state_->generation) {}

  absl::StatusOr<size_t> read(uint64_t at, absl::Span<char> into) const override {
    MutexLock lock(state_->mutex);
    if (generation_ != state_->generation) return io_error("read by a process that is dead");
    if (concerns(state_->failing_reads, path_)) return io_error(absl::StrCat("read ", path_));
    ++state_->reads;
    return copy_out(node_->content.visible(), at, into);
  }

  absl::Status write(uint64_t at, absl::Span<const std::string_view> pieces) override {
    MutexLock lock(state_->mutex);
    const std::string tried = absl::StrCat("write at ", at, " of ", path_);
    RETURN_IF_ERROR(begin_change(tried));
    if (concerns(state_->failing_writes, path_)) return io_error(tried);
    if (concerns(state_->misdirected, path_)) {
      at += state_->misdirection;
      state_->misdirected.clear();
    }
    std::string bytes;
    for (const std::string_view piece : pieces) bytes.append(piece);
    const uint64_t before = node_->content.size();
    const uint64_t room =
        std::min(kNoLimit, state_->capacity - std::min(state_->capacity, state_->used));
    const uint64_t fits = before + room > at ? before + room - at : 0;
    const bool full = bytes.size() > fits;
    // What still fits is written, as a kernel does: the caller must not count on the old bytes.
    if (full) bytes.resize(std::min<uint64_t>(fits, bytes.size()));
    node_->content.write(at, bytes, state_->sequence);
    count(before);
    if (full) return absl::ResourceExhaustedError(absl::StrCat(tried, ": No space left on device"));
    return absl::OkStatus();
  }

  absl::Status truncate(uint64_t size) override {
    MutexLock lock(state_->mutex);
    RETURN_IF_ERROR(begin_change(absl::StrCat("truncate ", path_)));
    const uint64_t before = node_->content.size();
    node_->content.truncate(size, state_->sequence);
    count(before);
    return absl::OkStatus();
  }

  uint64_t size() const override {
    MutexLock lock(state_->mutex);
    return node_->content.size();
  }

  const MemoryNodePtr& node() const { return node_; }

 private:
  void count(uint64_t before) {
    if (node_->linked) state_->used = state_->used + node_->content.size() - before;
  }
  absl::Status begin_change(const std::string& tried) {
    if (generation_ != state_->generation) return io_error("a change by a process that is dead");
    if (!writable_) return absl::PermissionDeniedError(absl::StrCat(tried, ": opened for reading"));
    return state_->begin_change(tried);
  }

  const std::shared_ptr<State> state_;
  const MemoryNodePtr node_;
  const std::string path_;
  const bool writable_;
  const uint64_t generation_;
};

class MemoryDisk::HeldLock final : public Lock {
 public:
  HeldLock(std::shared_ptr<State> state, std::string path)
      : state_(std::move(state)), path_(std::move(path)), generation_(state_->generation) {}
  ~HeldLock() override {
    MutexLock lock(state_->mutex);
    if (generation_ == state_->generation) state_->locks.erase(path_);
  }

 private:
  const std::shared_ptr<State> state_;
  const std::string path_;
  const uint64_t generation_;
};

MemoryDisk::MemoryDisk() : state_(std::make_shared<State>()) {}
MemoryDisk::~MemoryDisk() {
  MutexLock lock(state_->mutex);
  state_->forget_handles();
}

absl::StatusOr<FilePtr> MemoryDisk::open(const std::string& path, OpenMode mode) {
  MutexLock lock(state_->mutex);
  ASSIGN_OR_RETURN(State::Place place, state_->place(path));
  const auto found = place.directory->children.find(place.name);
  MemoryNodePtr node = found == place.directory->children.end() ? nullptr : found->second;
  if (node != nullptr && node->directory) return io_error(absl::StrCat("open directory ", path));
  if (node == nullptr) {
    if (mode != OpenMode::kCreate) {
      return absl::NotFoundError(absl::StrCat("open ", path, ": No such file or directory"));
    }
    RETURN_IF_ERROR(state_->begin_change(absl::StrCat("create ", path)));
    node = std::make_shared<MemoryNode>(false);
    state_->change_names({{place.directory, place.name, node}});
  }
  return std::make_shared<OpenFile>(state_, std::move(node), path, mode != OpenMode::kRead);
}

absl::Status MemoryDisk::make_directories(const std::string& path) {
  MutexLock lock(state_->mutex);
  MemoryNodePtr at = state_->root;
  for (const absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    const std::string name(part);
    const auto found = at->children.find(name);
    if (found != at->children.end()) {
      if (!found->second->directory)
        return absl::AlreadyExistsError(absl::StrCat(path, ": a file"));
      at = found->second;
      continue;
    }
    RETURN_IF_ERROR(state_->begin_change(absl::StrCat("make directory ", path)));
    auto made = std::make_shared<MemoryNode>(true);
    state_->change_names({{at, name, made}});
    at = std::move(made);
  }
  return absl::OkStatus();
}

absl::Status MemoryDisk::rename(const std::string& from, const std::string& to) {
  MutexLock lock(state_->mutex);
  ASSIGN_OR_RETURN(State::Place source, state_->place(from));
  ASSIGN_OR_RETURN(State::Place target, state_->place(to));
  const auto found = source.directory->children.find(source.name);
  if (found == source.directory->children.end()) {
    return absl::NotFoundError(absl::StrCat("rename ", from, " to ", to));
  }
  if (from == to) return absl::OkStatus();
  const auto replaced = target.directory->children.find(target.name);
  if (replaced != target.directory->children.end() && replaced->second->directory &&
      !replaced->second->children.empty()) {
    return absl::AlreadyExistsError(absl::StrCat("rename ", from, " to ", to));
  }
  RETURN_IF_ERROR(state_->begin_change(absl::StrCat("rename ", from)));
  if (replaced != target.directory->children.end()) {
    state_->used -= replaced->second->content.size();
    replaced->second->linked = false;
  }
  state_->change_names(
      {{source.directory, source.name, nullptr}, {target.directory, target.name, found->second}});
  return absl::OkStatus();
}

absl::Status MemoryDisk::unlink(const std::string& path) {
  MutexLock lock(state_->mutex);
  ASSIGN_OR_RETURN(State::Place place, state_->place(path));
  const auto found = place.directory->children.find(place.name);
  if (found == place.directory->children.end()) {
    return absl::NotFoundError(absl::StrCat("unlink ", path));
  }
  if (found->second->directory) return io_error(absl::StrCat("unlink directory ", path));
  RETURN_IF_ERROR(state_->begin_change(absl::StrCat("unlink ", path)));
  state_->used -= found->second->content.size();
  found->second->linked = false;
  state_->change_names({{place.directory, place.name, nullptr}});
  return absl::OkStatus();
}

absl::Status MemoryDisk::remove_directory(const std::string& path) {
  MutexLock lock(state_->mutex);
  ASSIGN_OR_RETURN(State::Place place, state_->place(path));
  const auto found = place.directory->children.find(place.name);
  if (found == place.directory->children.end()) {
    return absl::NotFoundError(absl::StrCat("remove directory ", path));
  }
  RETURN_IF_ERROR(state_->begin_change(absl::StrCat("remove directory ", path)));
  std::vector<MemoryNodePtr> below = {found->second};
  while (!below.empty()) {
    const MemoryNodePtr node = std::move(below.back());
    below.pop_back();
    state_->used -= node->content.size();
    node->linked = false;
    for (const auto& [name, child] : node->children) below.push_back(child);
  }
  state_->change_names({{place.directory, place.name, nullptr}});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> MemoryDisk::list(const std::string& directory) {
  MutexLock lock(state_->mutex);
  const MemoryNodePtr node = state_->find(directory);
  if (node == nullptr || !node->directory) {
    return absl::NotFoundError(absl::StrCat("list ", directory));
  }
  std::vector<std::string> names;
  names.reserve(node->children.size());
  for (const auto& [name, child] : node->children) names.push_back(name);
  return names;
}

bool MemoryDisk::exists(const std::string& path) {
  MutexLock lock(state_->mutex);
  return state_->find(path) != nullptr;
}

absl::StatusOr<Space> MemoryDisk::space(const std::string&) {
  MutexLock lock(state_->mutex);
  const uint64_t total = std::min<uint64_t>(state_->capacity, uint64_t{1} << 50);
  return Space{.free_bytes = total - std::min(total, state_->used), .total_bytes = total};
}

absl::StatusOr<std::unique_ptr<Lock>> MemoryDisk::lock(const std::string& path) {
  ASSIGN_OR_RETURN(const FilePtr file, open(path, OpenMode::kCreate));
  MutexLock lock(state_->mutex);
  if (!state_->locks.insert(path).second) {
    return absl::UnavailableError(absl::StrCat("lock ", path, ": held by this process"));
  }
  return std::make_unique<HeldLock>(state_, path);
}

void MemoryDisk::sync(SyncSet set, Executor& loop, SyncDone done) {
  State::Sync sync{.files = {},
                   .directories = std::move(set.directories),
                   .loop = &loop,
                   .done = std::move(done)};
  for (const FilePtr& file : set.files) {
    sync.files.push_back(static_cast<const OpenFile&>(*file).node());
  }
  MutexLock lock(state_->mutex);
  state_->queue.push_back(std::move(sync));
  state_->start_next_sync();
}

absl::Status MemoryDisk::sync_and_wait(const SyncSet& set) {
  State::Sync sync{.files = {}, .directories = set.directories, .loop = nullptr, .done = nullptr};
  for (const FilePtr& file : set.files) {
    sync.files.push_back(static_cast<const OpenFile&>(*file).node());
  }
  MutexLock lock(state_->mutex);
  return state_->make_durable(sync, state_->sequence);
}

absl::StatusOr<size_t> MemoryDisk::read_uncached(const std::string& path, uint64_t at,
                                                 absl::Span<char> into) {
  MutexLock lock(state_->mutex);
  const MemoryNodePtr node = state_->find(path);
  if (node == nullptr) return absl::NotFoundError(absl::StrCat("open ", path));
  if (concerns(state_->failing_reads, path)) return io_error(absl::StrCat("read ", path));
  return copy_out(node->content.medium(), at, into);
}

}  // namespace barnabas::storage
