;; A bytecode interpreter: a register machine whose registers and code lie in memory, dispatching with br_table. Its program
;; draws pseudo-random numbers, counts those with an odd bit and folds them, 300,000 times.
;;
;; An instruction is four bytes: operation, register to set, two operands. Operations: 0 halt, 1 load the 16-bit number in the operands,
;; 2 add, 3 subtract, 4 multiply, 5 xor, 6 and, 7 shift right, 8 rotate left, 9 jump back by so many instructions when the register is
;; not 0, 10 jump ahead by so many when it is 0. Registers at 64, code at 4096.
(module
  (memory (export "memory") 1)
  (data (i32.const 4096)
    "\01\00\60\ea"  ;; r0 := 60000
    "\01\01\05\00"  ;; r1 := 5
    "\04\00\00\01"  ;; r0 := r0 * r1, the number of rounds
    "\01\02\6d\4e"  ;; r2 := 20077, the factor
    "\01\03\39\30"  ;; r3 := 12345, the summand
    "\01\04\01\00"  ;; r4 := 1
    "\01\05\0d\00"  ;; r5 := 13
    "\04\06\06\02"  ;; loop: r6 := r6 * r2
    "\02\06\06\03"  ;; r6 := r6 + r3
    "\07\07\06\05"  ;; r7 := r6 >> r5
    "\05\08\08\07"  ;; r8 := r8 xor r7
    "\08\08\08\05"  ;; r8 := r8 rotated by r5
    "\06\09\07\04"  ;; r9 := r7 and 1
    "\0a\09\01\00"  ;; ahead by one unless odd
    "\02\0a\0a\04"  ;; r10 := r10 + 1
    "\03\00\00\04"  ;; r0 := r0 - 1
    "\09\00\0a\00"  ;; back to loop
    "\05\08\08\0a"  ;; r8 := r8 xor r10
    "\00\08\00\00") ;; halt with r8
  (func $interpret (param $pc i32) (result i32)
    (local $a i32) (local $b i32) (local $to i32) (local $value i32)
    (loop $next
      (local.set $to (i32.shl (i32.load8_u offset=1 (local.get $pc)) (i32.const 2)))
      (local.set $a (i32.load offset=64 (i32.shl (i32.load8_u offset=2 (local.get $pc)) (i32.const 2))))
      (local.set $b (i32.load offset=64 (i32.shl (i32.load8_u offset=3 (local.get $pc)) (i32.const 2))))
      (block $set
        (block $jumpIfZero (block $jumpUnlessZero (block $rotate (block $shift (block $and (block $xor (block $multiply (block $subtract (block $add (block $load (block $halt
          (br_table $halt $load $add $subtract $multiply $xor $and $shift $rotate $jumpUnlessZero $jumpIfZero (i32.load8_u (local.get $pc))))
          ;; halt
          (return (i32.load offset=64 (local.get $to))))
          ;; load
          (local.set $value (i32.load16_u offset=2 (local.get $pc)))
          (br $set))
          ;; add
          (local.set $value (i32.add (local.get $a) (local.get $b)))
          (br $set))
          ;; subtract
          (local.set $value (i32.sub (local.get $a) (local.get $b)))
          (br $set))
          ;; multiply
          (local.set $value (i32.mul (local.get $a) (local.get $b)))
          (br $set))
          ;; xor
          (local.set $value (i32.xor (local.get $a) (local.get $b)))
          (br $set))
          ;; and
          (local.set $value (i32.and (local.get $a) (local.get $b)))
          (br $set))
          ;; shift
          (local.set $value (i32.shr_u (local.get $a) (local.get $b)))
          (br $set))
          ;; rotate
          (local.set $value (i32.rotl (local.get $a) (local.get $b)))
          (br $set))
          ;; jump unless zero
          (if (i32.load offset=64 (local.get $to))
            (then (local.set $pc (i32.sub (local.get $pc) (i32.shl (i32.load8_u offset=2 (local.get $pc)) (i32.const 2))))))
          (local.set $pc (i32.add (local.get $pc) (i32.const 4)))
          (br $next))
        ;; jump if zero
        (if (i32.eqz (i32.load offset=64 (local.get $to)))
          (then (local.set $pc (i32.add (local.get $pc) (i32.shl (i32.load8_u offset=2 (local.get $pc)) (i32.const 2))))))
        (local.set $pc (i32.add (local.get $pc) (i32.const 4)))
        (br $next))
      (i32.store offset=64 (local.get $to) (local.get $value))
      (local.set $pc (i32.add (local.get $pc) (i32.const 4)))
      (br $next))
    (unreachable))
  (func (export "canister_update run")
    (memory.fill (i32.const 64) (i32.const 0) (i32.const 64))
    (i32.store (i32.const 0) (call $interpret (i32.const 4096)))))
