// SPDX-License-Identifier: GPL-2.0-or-later
// The device: registers in front of the emulated kexec, properties around it. plugin/README.md specifies
// both.
#include <glib.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "plugin/kexec.h"
#include "plugin/purgatory.h"
#include "plugin/qemu.h"
#include "plugin/registers.h"

namespace kexec_handover {
namespace {

// A guest that keeps ringing with nonsense must not fill the host's disk.
constexpr unsigned max_log_lines = 1000;

constexpr std::uint64_t last_register = static_cast<std::uint64_t>(Register::release);

class Device final : public qemu::DeviceModel {
public:
    KexecOptions options{.kernel = {}, .initrd = {}, .append = {}, .record = {}, .handover = {}};
    bool kernel_set = false, initrd_set = false, append_set = false;
    bool verdict_required = true;

    std::string realize(std::span<std::byte> rom) override;
    void reset() override;
    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, std::uint64_t value, unsigned size) override;

    const std::string &last_error() const { return last_error_; }
    const Kexec *kexec() const { return kexec_ ? &*kexec_ : nullptr; }

private:
    void write_register(Register which, std::uint32_t value);
    void ring(Command command);
    void set_verdict(Verdict verdict);
    void settle_paths();
    std::uint32_t orders() const;

    std::optional<Kexec> kexec_;
    std::uint64_t descriptor_ = 0;
    std::string last_error_;
    unsigned log_lines_ = 0;
};

// The exit status of the process is decided after every object is gone.
Verdict final_verdict = Verdict::none;
bool a_verdict_is_required = false;

int exit_status() {
    switch (final_verdict) {
        case Verdict::none:
            return a_verdict_is_required ? 1 : -1;
        case Verdict::passed:
        case Verdict::passed_at_power_off:
            return 0;
        case Verdict::pending:
        case Verdict::failed:
            break;
    }
    return 1;
}

std::string Device::realize(std::span<std::byte> rom) {
    std::ranges::copy(make_purgatory(), rom.begin());
    settle_paths();
    kexec_.emplace(qemu::guest_memory(), rom);
    a_verdict_is_required = verdict_required;
    qemu::set_exit_status_filter(exit_status);
    return {};
}

void Device::reset() {
    kexec_->reset();
    descriptor_ = 0;
    last_error_.clear();
    // A promised verdict stays promised: with -no-reboot the reset ends QEMU, and that was not a pass.
}

std::string absolute(const std::string &path) {
    if (path.empty())
        return path;
    char *text = g_canonicalize_filename(path.c_str(), nullptr);
    std::string result = text;
    g_free(text);
    return result;
}

// The kernel with its initrd and command line is one thing: the machine's own, or the one that was given.
// Files are opened when a kexec happens; where QEMU was started is forgotten by then (-daemonize).
void Device::settle_paths() {
    if (!kernel_set) {
        options.kernel = qemu::machine_property("kernel");
        if (!initrd_set)
            options.initrd = qemu::machine_property("initrd");
        if (!append_set)
            options.append = qemu::machine_property("append");
    }
    for (std::string *path : {&options.kernel, &options.initrd, &options.record, &options.handover})
        *path = absolute(*path);
}

std::uint32_t Device::orders() const {
    std::uint32_t bits = 0;
    const auto set = [&](Order order, bool asked) { bits |= asked ? static_cast<std::uint32_t>(order) : 0; };
    set(Order::record, !options.record.empty());
    set(Order::relay, kernel_set);
    set(Order::replay, !options.handover.empty());
    set(Order::found, kexec_->last().found);
    return bits;
}

// Major in bits 15:8, minor in bits 7:0.
std::uint32_t release_number(const kho::Release &release) {
    unsigned major = 0, minor = 0;
    std::sscanf(release.name.c_str(), "%u.%u", &major, &minor);
    return major << 8 | minor;
}

std::uint64_t Device::read(std::uint64_t offset, unsigned size) {
    // The whole register page as the guest sees it, so that any aligned access of 4 or 8 bytes is a copy.
    std::array<std::byte, last_register + 8> page{};
    const auto put = [&](Register which, auto v) {
        std::memcpy(page.data() + static_cast<std::size_t>(which), &v, sizeof v);
    };
    const Refusal &status = kexec_->status();
    const Kexec::Totals &last = kexec_->last();
    put(Register::signature, device_signature);
    put(Register::version, interface_version);
    put(Register::state, kexec_->state());
    put(Register::status, status.status);
    put(Register::status_index, status.index);
    put(Register::status_address, status.address);
    put(Register::descriptor, descriptor_);
    put(Register::purgatory_entry, purgatory_base);
    // Reading the entry claims it: only when it is asked for.
    if (offset == static_cast<std::uint64_t>(Register::next_entry))
        put(Register::next_entry, kexec_->claim());
    put(Register::next_argument, kexec_->next_argument());
    put(Register::kexec_count, kexec_->count());
    put(Register::preserved_bytes, last.preserved_bytes);
    put(Register::preserved_ranges, last.preserved_ranges);
    put(Register::poisoned_bytes, last.poisoned_bytes);
    put(Register::untouched_bytes, last.untouched_bytes);
    put(Register::kexec_nanoseconds, last.nanoseconds);
    put(Register::recorded_bytes, last.recorded_bytes);
    put(Register::kho_fdt, last.kho_fdt);
    put(Register::luo_fdt, last.luo_fdt);
    put(Register::mismatched_ranges, kexec_->mismatched_ranges());
    put(Register::verdict, final_verdict);
    put(Register::orders, orders());
    put(Register::release, release_number(*options.release));

    std::uint64_t result = 0;
    if (offset + size <= page.size())
        std::memcpy(&result, page.data() + offset, size);
    return result;
}

void Device::write(std::uint64_t offset, std::uint64_t value, unsigned size) {
    write_register(Register{static_cast<std::uint32_t>(offset)}, static_cast<std::uint32_t>(value));
    if (size == 8)
        write_register(Register{static_cast<std::uint32_t>(offset + 4)},
                       static_cast<std::uint32_t>(value >> 32));
}

void Device::write_register(Register which, std::uint32_t value) {
    constexpr Register descriptor_high{static_cast<std::uint32_t>(Register::descriptor) + 4};
    if (which == Register::descriptor)
        descriptor_ = (descriptor_ & ~std::uint64_t{UINT32_MAX}) | value;
    else if (which == descriptor_high)
        descriptor_ = (descriptor_ & UINT32_MAX) | std::uint64_t{value} << 32;
    else if (which == Register::command)
        ring(Command{value});
    else if (which == Register::verdict)
        set_verdict(Verdict{value});
}

void Device::ring(Command command) {
    Refusal refusal;
    switch (command) {
        case Command::kexec:
            refusal = kexec_->kexec(kho::PhysAddr{descriptor_}, options);
            break;
        case Command::enter:
            refusal = kexec_->enter();
            // The promise was this kernel's; the next one is not of its kind and gives no verdict.
            if (refusal.status == Status::ok && kexec_->last().found && final_verdict == Verdict::pending)
                final_verdict = Verdict::none;
            break;
        case Command::verify:
            refusal = kexec_->verify();
            break;
        case Command::record:
            refusal = kexec_->record(kho::PhysAddr{descriptor_}, options);
            break;
        default:
            refusal = kexec_->unknown_command(static_cast<std::uint32_t>(command));
    }
    last_error_ = refusal.status == Status::ok ? "" : std::string(name(refusal.status)) + ": " + refusal.what;
    if (last_error_.empty() || log_lines_ > max_log_lines)
        return;
    if (++log_lines_ > max_log_lines)
        qemu::warn("too many messages, no more will be shown");
    else
        qemu::warn(last_error_);
}

void Device::set_verdict(Verdict verdict) {
    // Only forward: a promise cannot be taken back, and the first verdict is the last.
    if (verdict > Verdict::passed_at_power_off || verdict <= final_verdict ||
        final_verdict > Verdict::pending)
        return;
    final_verdict = verdict;
    if (verdict == Verdict::passed || verdict == Verdict::failed)
        qemu::end(static_cast<unsigned>(exit_status()));
}

Device &device(qemu::DeviceModel &model) { return static_cast<Device &>(model); }
const Device &device(const qemu::DeviceModel &model) { return static_cast<const Device &>(model); }

std::string set_kernel(qemu::DeviceModel &model, std::string_view text) {
    device(model).options.kernel = text;
    device(model).kernel_set = !text.empty();
    return {};
}

std::string set_initrd(qemu::DeviceModel &model, std::string_view text) {
    device(model).options.initrd = text;
    device(model).initrd_set = true;
    return {};
}

std::string set_append(qemu::DeviceModel &model, std::string_view text) {
    device(model).options.append = text;
    device(model).append_set = true;
    return {};
}

std::string set_record(qemu::DeviceModel &model, std::string_view text) {
    device(model).options.record = text;
    return {};
}

std::string set_handover(qemu::DeviceModel &model, std::string_view text) {
    device(model).options.handover = text;
    return {};
}

std::string set_release(qemu::DeviceModel &model, std::string_view text) {
    const kho::Release *found = kho::find_release(text);
    if (!found)
        return "'" + std::string(text) + "' is not known; known are: " + kho::release_names();
    device(model).options.release = found;
    return {};
}

constexpr std::array<std::pair<const char *, Poison>, 3> poison_names{
    {{"on", Poison::on}, {"off", Poison::off}, {"zero", Poison::zero}}};

std::string set_poison(qemu::DeviceModel &model, std::string_view text) {
    for (const auto &[name, poison] : poison_names) {
        if (text == name) {
            device(model).options.poison = poison;
            return {};
        }
    }
    return "'" + std::string(text) + "' is none of on, off, zero";
}

std::string set_verdict_required(qemu::DeviceModel &model, std::string_view text) {
    if (text != "required" && text != "optional")
        return "'" + std::string(text) + "' is none of required, optional";
    device(model).verdict_required = text == "required";
    return {};
}

std::string get_poison(const qemu::DeviceModel &model) {
    for (const auto &[name, poison] : poison_names) {
        if (device(model).options.poison == poison)
            return name;
    }
    return {};
}

std::string get_state(const qemu::DeviceModel &model) {
    const Kexec *kexec = device(model).kexec();
    return name(kexec ? kexec->state() : State::idle);
}

std::string get_last_error(const qemu::DeviceModel &model) { return device(model).last_error(); }

template <typename Get>
std::uint64_t from_kexec(const qemu::DeviceModel &model, Get get) {
    const Kexec *kexec = device(model).kexec();
    return kexec ? static_cast<std::uint64_t>(get(*kexec)) : 0;
}

constexpr qemu::Property properties[] = {
    {.name = "kernel",
     .description =
         "what the next kexec starts: a bzImage or an ELF64; default: the machine's -kernel, -initrd, "
         "-append",
     .get = [](const qemu::DeviceModel &model) { return device(model).options.kernel; },
     .set = set_kernel},
    {.name = "initrd",
     .description = "its initial RAM disk",
     .get = [](const qemu::DeviceModel &model) { return device(model).options.initrd; },
     .set = set_initrd},
    {.name = "append",
     .description = "its command line",
     .get = [](const qemu::DeviceModel &model) { return device(model).options.append; },
     .set = set_append},
    {.name = "release",
     .description = "Linux release whose handover format is written; default: 7.0",
     .get = [](const qemu::DeviceModel &model) { return std::string(device(model).options.release->name); },
     .set = set_release},
    {.name = "record",
     .description = "file that each handover is written to, as an ELF core",
     .get = [](const qemu::DeviceModel &model) { return device(model).options.record; },
     .set = set_record},
    {.name = "handover",
     .description =
         "recording that a kexec puts in place if the guest asks for it, instead of a handover of its own",
     .get = [](const qemu::DeviceModel &model) { return device(model).options.handover; },
     .set = set_handover},
    {.name = "poison",
     .description = "what becomes of memory that was not preserved: on (bytes 0xcc, default), off, zero",
     .get = get_poison,
     .set = set_poison},
    {.name = "verdict",
     .description = "required (default): QEMU's exit status is 1 if the guest gives no verdict; optional: "
                    "it is then QEMU's own",
     .get =
         [](const qemu::DeviceModel &m) {
             return std::string(device(m).verdict_required ? "required" : "optional");
         },
     .set = set_verdict_required},
    {.name = "state", .description = "idle, or the step that a kexec is in", .get = get_state},
    {.name = "last-error",
     .description = "why the last command was refused, empty if it was not",
     .get = get_last_error},
    {.name = "kexec-count",
     .description = "completed kexecs since power-on or system reset",
     .get_number =
         [](const qemu::DeviceModel &m) { return from_kexec(m, [](auto &k) { return k.count(); }); }},
    {.name = "preserved-bytes",
     .description = "memory handed over by the last kexec",
     .get_number =
         [](const qemu::DeviceModel &m) {
             return from_kexec(m, [](auto &k) { return k.last().preserved_bytes; });
         }},
    {.name = "kho-fdt",
     .description = "guest-physical address of the last KHO FDT",
     .get_number =
         [](const qemu::DeviceModel &m) { return from_kexec(m, [](auto &k) { return k.last().kho_fdt; }); }},
    {.name = "luo-fdt",
     .description = "guest-physical address of the last LUO FDT, 0 without LUO",
     .get_number =
         [](const qemu::DeviceModel &m) { return from_kexec(m, [](auto &k) { return k.last().luo_fdt; }); }},
};

}  // namespace
}  // namespace kexec_handover

namespace qemu {

const DeviceType device_type{
    .name = "kexec-handover",
    .properties = kexec_handover::properties,
    .create = []() -> std::unique_ptr<DeviceModel> { return std::make_unique<kexec_handover::Device>(); },
    .registers_base = kexec_handover::mmio_base,
    .registers_size = kexec_handover::mmio_size,
    .rom_base = kexec_handover::purgatory_base,
    .rom_size = kexec_handover::purgatory_size,
};

}  // namespace qemu
