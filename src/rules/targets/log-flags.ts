/** The kernel's `NF_LOG_*` bits (include/uapi/linux/netfilter/nf_log.h). */
export const LogFlag = {
  TCP_SEQUENCE: 0x01,
  TCP_OPTIONS: 0x02,
  IP_OPTIONS: 0x04,
  UID: 0x08,
  MAC_DECODE: 0x20,
} as const
