;; Bulk memory: 240,000 short copies and fills, 16 to 271 bytes each, as copying texts and clearing records does.
(module
  (memory (export "memory") 4)
  (func (export "canister_update run")
    (local $i i32) (local $x i32) (local $length i32)
    (local.set $x (i32.const 1))
    (loop $next
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $length (i32.add (i32.const 16) (i32.shr_u (local.get $x) (i32.const 24))))
      (memory.copy
        (i32.add (i32.const 65536) (i32.and (local.get $x) (i32.const 0xffff)))
        (i32.add (i32.const 131072) (i32.and (i32.shr_u (local.get $x) (i32.const 4)) (i32.const 0xffff)))
        (local.get $length))
      (memory.fill
        (i32.add (i32.const 131072) (i32.and (i32.shr_u (local.get $x) (i32.const 8)) (i32.const 0xffff)))
        (local.get $i)
        (local.get $length))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 240000))))
    (local.set $i (i32.const 65536))
    (local.set $x (i32.const 0))
    (loop $check
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 31)) (i32.load (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $check (i32.lt_u (local.get $i) (i32.const 196608))))
    (i32.store (i32.const 0) (local.get $x))))
