// SPDX-License-Identifier: GPL-2.0-or-later
// A reference to something that can be called, for callbacks through tables of functions. It does not own it, so
// it is for parameters only.
#pragma once

namespace guest {

template <typename Signature>
class FunctionRef;

template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
public:
    template <typename F>
    FunctionRef(const F &callable)  // NOLINT(google-explicit-constructor)
        : callable_(&callable),
          call_([](const void *c, Args... args) -> R { return (*static_cast<const F *>(c))(args...); }) {}

    R operator()(Args... args) const { return call_(callable_, args...); }

private:
    const void *callable_;
    R (*call_)(const void *, Args...);
};

}  // namespace guest
