// SPDX-License-Identifier: GPL-2.0-or-later
// What the test handlers and test FLBs were called for, in order, and which of their calls shall fail.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "guest/kho/result.h"

namespace guest {

enum class Callback : std::uint8_t {
    preserve,
    unpreserve,
    freeze,
    unfreeze,
    check,
    retrieve,
    can_finish,
    finish,
    flb_preserve,
    flb_unpreserve,
    flb_check,
    flb_retrieve,
    flb_finish,
};
inline constexpr unsigned callback_count = 13;

std::string_view name(Callback callback);

class TestCalls {
public:
    static constexpr std::uint64_t nothing = ~std::uint64_t{0};  // no file was retrieved
    static constexpr unsigned traced = 256;                      // what comes after is only counted

    struct Call {
        Callback callback;
        std::int32_t retrieve_status;  // in finish
        std::uint64_t id;              // of the file or FLB, or `nothing`
        bool operator==(const Call &) const = default;
    };

    constexpr TestCalls() = default;

    // The n-th call of this callback from now on fails, once. A callback without a result cannot fail.
    void fail(Callback callback, std::uint64_t n, Errno error = Errno::eio) {
        failures_[static_cast<unsigned>(callback)] = {n, error};
    }
    // The n-th call of any callback that can fail.
    void fail_any(std::uint64_t n, Errno error = Errno::eio) { any_ = {n, error}; }
    void fail_never();
    // Whether a failure was asked for that did not happen yet.
    bool failure_pending() const;

    std::uint64_t count(Callback callback) const { return counts_[static_cast<unsigned>(callback)]; }
    // The first calls since it was cleared.
    std::span<const Call> trace() const { return {trace_, trace_size_}; }
    void clear_trace() { trace_size_ = 0; }
    bool is_trace(std::span<const Call> expected) const {
        return std::equal(expected.begin(), expected.end(), trace_, trace_ + trace_size_);
    }

    // A contract that the orchestrator broke, for example an argument that is not what an earlier call
    // returned.
    void violation() { violations_++; }
    std::uint64_t violations() const { return violations_; }

    // From the callbacks: notes the call; the errno that it shall fail with.
    Errno called(Callback callback, std::uint64_t id, std::int32_t retrieve_status = 0);

private:
    struct Failure {
        std::uint64_t in = 0;  // 0: none
        Errno error = Errno::ok;

        Errno count_down() { return in != 0 && --in == 0 ? error : Errno::ok; }
    };

    Failure failures_[callback_count] = {};
    Failure any_;
    std::uint64_t counts_[callback_count] = {};
    std::uint64_t violations_ = 0;
    Call trace_[traced] = {};
    unsigned trace_size_ = 0;
};

}  // namespace guest
