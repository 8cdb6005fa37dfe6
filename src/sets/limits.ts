/** `IPSET_MAX_TIMEOUT`, in seconds: what fits into the kernel's clock ticks. */
export const MAX_TIMEOUT = 2147483

/** `IPSET_MAXNAMELEN` without the final zero. */
export const MAX_NAME_LENGTH = 31

/** `IPSET_BITMAP_MAX_RANGE`: elements a bitmap may have. */
export const MAX_BITMAP = 65536

/** How many elements one range may add to a hash. */
export const MAX_RANGE = 2 ** 20
