// SPDX-License-Identifier: GPL-2.0-or-later
// A reference to something that can be called, for callbacks through tables of functions. It does not own it.
#pragma once

#include <type_traits>

namespace guest {

template <typename Signature>
class FunctionRef;

template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
public:
    template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>) FunctionRef(
        F &&callable)  // NOLINT(google-explicit-constructor,bugprone-forwarding-reference-overload)
        : callable_(&callable), call_([](const void *c, Args... args) -> R {
              // Only what was a variable once is called as one.
              return (*static_cast<std::remove_reference_t<F> *>(const_cast<void *>(c)))(args...);
          }) {}

    R operator()(Args... args) const { return call_(callable_, args...); }

private:
    const void *callable_;
    R (*call_)(const void *, Args...);
};

}  // namespace guest
