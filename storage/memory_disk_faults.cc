// What happens to a MemoryDisk: syncs, crashes and faults.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <utility>

#include "common/status.h"
#include "storage/memory_disk_state.h"

namespace barnabas::storage {

MemoryNodePtr MemoryDisk::State::find(const std::string& path) const {
  MemoryNodePtr at = root;
  for (const absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    const auto child = at->children.find(std::string(part));
    if (child == at->children.end()) return nullptr;
    at = child->second;
  }
  return at;
}

absl::StatusOr<MemoryDisk::State::Place> MemoryDisk::State::place(const std::string& path) const {
  const size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
  MemoryNodePtr directory = find(parent);
  if (directory == nullptr || !directory->directory) {
    return absl::NotFoundError(absl::StrCat(path, ": there is no directory ", parent));
  }
  return Place{std::move(directory), path.substr(slash == std::string::npos ? 0 : slash + 1)};
}

absl::Status MemoryDisk::State::begin_change(const std::string& tried) {
  if (sequence >= power_off_at) return absl::InternalError(absl::StrCat(tried, ": no power"));
  ++sequence;
  return absl::OkStatus();
}

void MemoryDisk::State::change_names(std::vector<Edit> edits) {
  for (const Edit& edit : edits) {
    if (edit.node == nullptr) {
      edit.directory->children.erase(edit.name);
    } else {
      edit.directory->children[edit.name] = edit.node;
    }
  }
  pending_names.push_back({sequence, std::move(edits)});
}

namespace {

template <class NameChange>
void apply_to_medium(const NameChange& change) {
  for (const auto& edit : change.edits) {
    if (edit.node == nullptr) {
      edit.directory->durable_children.erase(edit.name);
    } else {
      edit.directory->durable_children[edit.name] = edit.node;
    }
  }
}

uint64_t restart_from_medium(MemoryNode& node, Random& random) {
  if (!node.directory) {
    node.content.crash(random);
    return node.content.size();
  }
  node.children = node.durable_children;
  uint64_t used = 0;
  for (const auto& [name, child] : node.children) child->linked = true;
  for (const auto& [name, child] : node.children) used += restart_from_medium(*child, random);
  return used;
}

}  // namespace

absl::Status MemoryDisk::State::make_durable(const Sync& sync, uint64_t began) {
  if (sequence >= power_off_at) return absl::InternalError("sync: no power");
  ++syncs_completed;
  if (lying) return absl::OkStatus();
  if (failing_syncs != 0) {
    if (failing_syncs > 0) --failing_syncs;
    for (const MemoryNodePtr& file : sync.files) file->content.lose(began);
    return absl::InternalError("sync: Input/output error");
  }
  for (const MemoryNodePtr& file : sync.files) file->content.make_durable(began);
  // A change of names that is on the medium has all earlier ones of its directories there before
  // it: a file that was renamed out of a directory does not come back into it.
  std::set<MemoryNodePtr> directories;
  for (const std::string& path : sync.directories) {
    if (const MemoryNodePtr directory = find(path)) directories.insert(directory);
  }
  std::set<uint64_t> covered;
  for (auto change = pending_names.rbegin(); change != pending_names.rend(); ++change) {
    const auto in_question = [&](const Edit& edit) { return directories.contains(edit.directory); };
    if (change->sequence > began ||
        std::none_of(change->edits.begin(), change->edits.end(), in_question)) {
      continue;
    }
    covered.insert(change->sequence);
    for (const Edit& edit : change->edits) directories.insert(edit.directory);
  }
  std::erase_if(pending_names, [&](const NameChange& change) {
    if (!covered.contains(change.sequence)) return false;
    apply_to_medium(change);
    return true;
  });
  return absl::OkStatus();
}

void MemoryDisk::State::start_next_sync() {
  if (syncing || held || queue.empty()) return;
  syncing = true;
  // Posted first, because only the loop itself may set its timers.
  Executor* loop = queue.front().loop;
  std::weak_ptr<State> weak = weak_from_this();
  loop->post([weak, loop, delay = latency, started_in = generation, began = sequence] {
    auto finish = [weak, started_in, began] {
      if (const std::shared_ptr<State> state = weak.lock()) state->finish_sync(started_in, began);
    };
    if (delay > Duration::zero()) {
      loop->after(delay, finish);
    } else {
      finish();
    }
  });
}

void MemoryDisk::State::finish_sync(uint64_t started_in, uint64_t began) {
  SyncDone done;
  absl::Status status;
  {
    MutexLock lock(mutex);
    if (started_in != generation || !syncing) return;
    syncing = false;
    if (held) return;  // hung: it begins anew when it is let go
    status = make_durable(queue.front(), began);
    done = std::move(queue.front().done);
    queue.pop_front();
    start_next_sync();
  }
  done(std::move(status));
}

void MemoryDisk::State::forget_handles() {
  ++generation;
  locks.clear();
  queue.clear();
  syncing = false;
}

namespace {

MemoryNodePtr copy_of(const MemoryNode& node, uint64_t& bytes) {
  auto copy = std::make_shared<MemoryNode>(node.directory);
  if (!node.directory) {
    copy->content = MemoryContent::holding(node.content.medium());
    bytes += copy->content.size();
  }
  for (const auto& [name, child] : node.children) {
    copy->children[name] = copy->durable_children[name] = copy_of(*child, bytes);
  }
  return copy;
}

}  // namespace

MemoryDisk::Image MemoryDisk::image() const {
  MutexLock lock(state_->mutex);
  uint64_t bytes = 0;
  return copy_of(*state_->root, bytes);
}

void MemoryDisk::restore(const Image& image) {
  MutexLock lock(state_->mutex);
  state_->used = 0;
  state_->root = copy_of(*image, state_->used);
  state_->pending_names.clear();
  state_->forget_handles();
  state_->power_off_at = UINT64_MAX;
}

void MemoryDisk::crash(Random& random) {
  MutexLock lock(state_->mutex);
  // A journaling file system keeps the order of names; one without may not.
  const bool ordered = random.chance(50);
  size_t kept = random.below(state_->pending_names.size() + 1);
  for (const State::NameChange& change : state_->pending_names) {
    if (ordered ? kept > 0 : random.chance(50)) apply_to_medium(change);
    if (kept > 0) --kept;
  }
  state_->pending_names.clear();
  state_->used = restart_from_medium(*state_->root, random);
  state_->power_off_at = UINT64_MAX;
  state_->forget_handles();
}

void MemoryDisk::kill() {
  MutexLock lock(state_->mutex);
  state_->forget_handles();
}

void MemoryDisk::power_off_after(uint64_t changes) {
  MutexLock lock(state_->mutex);
  state_->power_off_at = state_->sequence + changes;
}

uint64_t MemoryDisk::changes() const {
  MutexLock lock(state_->mutex);
  return state_->sequence;
}

void MemoryDisk::set_sync_latency(Duration latency) {
  MutexLock lock(state_->mutex);
  state_->latency = latency;
}

void MemoryDisk::hold_syncs(bool held) {
  MutexLock lock(state_->mutex);
  state_->held = held;
  state_->start_next_sync();
}

void MemoryDisk::fail_syncs(int count) {
  MutexLock lock(state_->mutex);
  state_->failing_syncs = count;
}

void MemoryDisk::lie_about_syncs(bool lie) {
  MutexLock lock(state_->mutex);
  state_->lying = lie;
}

void MemoryDisk::set_capacity(uint64_t bytes) {
  MutexLock lock(state_->mutex);
  state_->capacity = bytes;
}

void MemoryDisk::fail_reads(std::string part) {
  MutexLock lock(state_->mutex);
  state_->failing_reads = std::move(part);
}

void MemoryDisk::fail_writes(std::string part) {
  MutexLock lock(state_->mutex);
  state_->failing_writes = std::move(part);
}

void MemoryDisk::misdirect_next_write(std::string part, uint64_t shift) {
  MutexLock lock(state_->mutex);
  state_->misdirected = std::move(part);
  state_->misdirection = shift;
}

void MemoryDisk::flip_bit(const std::string& path, uint64_t at, int bit) {
  MutexLock lock(state_->mutex);
  if (const MemoryNodePtr node = state_->find(path)) node->content.flip_bit(at, bit);
}

void MemoryDisk::cut_tail(const std::string& path, uint64_t bytes) {
  MutexLock lock(state_->mutex);
  if (const MemoryNodePtr node = state_->find(path)) node->content.cut_tail(bytes);
}

void MemoryDisk::zero_tail(const std::string& path, uint64_t bytes) {
  MutexLock lock(state_->mutex);
  if (const MemoryNodePtr node = state_->find(path)) node->content.zero_tail(bytes);
}

uint64_t MemoryDisk::syncs_completed() const {
  MutexLock lock(state_->mutex);
  return state_->syncs_completed;
}

uint64_t MemoryDisk::reads() const {
  MutexLock lock(state_->mutex);
  return state_->reads;
}

}  // namespace barnabas::storage
