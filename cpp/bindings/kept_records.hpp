// The records that a fit keeps: at most so many, however long it is, first as bytes, and Python's when it has looked.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "record_bytes.hpp"

namespace wbcore::bindings {

class KeptRecords {
public:
    // Those of a training that goes on, of which an epoch was the best one (negative: none is known). With the GIL.
    KeptRecords(py::list list, std::int64_t best_epoch) : list_(std::move(list)) {
        for (const py::handle bytes : list_)
            kept_.push_back({head_of(std::string_view(py::reinterpret_borrow<py::bytes>(bytes))),
                             "", kept_.size()});
        if (!kept_.empty()) stride_ = record_stride(kept_.back().head.index + 1);
        set_best(best_epoch);
    }

    // Called without the GIL.
    void add(const ParameterRecord& record) {
        if (!kept_.empty() && !stays(kept_.back())) kept_.pop_back();
        kept_.push_back({{record.index, record.is_extra, record.epoch}, bytes_of(record), none});
        changed_ = true;
        const std::uint64_t stride = record_stride(record.index + 1);
        if (stride == stride_) return;
        stride_ = stride;
        drop_others();
    }

    // The epoch that was best so far; its last record stays.
    void set_best(std::int64_t epoch) {
        const std::uint64_t before = best_;
        for (const Kept& kept : kept_)
            if (!kept.head.is_extra && kept.head.epoch >= 0 && kept.head.epoch <= epoch)
                best_ = kept.head.index;
        if (best_ != before) drop_others();
    }

    bool have_changed() const { return changed_; }

    // All there are. With the GIL.
    py::list list() {
        py::list now;
        for (Kept& kept : kept_) {
            if (kept.place == none)
                now.append(py::bytes(kept.bytes));
            else
                now.append(list_[kept.place]);
            kept.bytes = std::string();
            kept.place = now.size() - 1;
        }
        list_ = now;
        changed_ = false;
        return now;
    }

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    struct Kept {
        RecordHead head;
        std::string bytes;  // until they are in the list
        std::size_t place;  // there
    };

    bool stays(const Kept& kept) const {
        return !kept.head.is_extra && (kept.head.index % stride_ == 0 || kept.head.index == best_);
    }
    // All but the last
    void drop_others() {
        const auto last = kept_.end() - 1;
        kept_.erase(
            std::remove_if(kept_.begin(), last, [this](const Kept& kept) { return !stays(kept); }),
            last);
        changed_ = true;
    }

    py::list list_;
    std::vector<Kept> kept_;
    std::uint64_t stride_ = 1, best_ = 0;
    bool changed_ = false;
};

}  // namespace wbcore::bindings
