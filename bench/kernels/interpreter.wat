;; A bytecode interpreter: a stack machine whose stack and variables lie in memory, dispatching with br_table. Its program
;; sums k * k xor k for k from 600,000 down to 1.
;;
;; Operations, a byte each: 0 halt, 1 push (i32 follows), 2 get (variable follows), 3 set (variable follows), 4 add, 5 sub,
;; 6 mul, 7 xor, 8 jump back when not 0 (distance byte follows), 9 dup, 10 drop. Variables at 64, the stack at 1024, code at 4096.
(module
  (memory (export "memory") 1)
  (data (i32.const 4096)
    "\01\c0\27\09\00\03\00"     ;; k := 600000
    "\01\00\00\00\00\03\01"     ;; sum := 0
    "\02\01"                    ;; loop: sum
    "\02\00\09\06"              ;; k * k
    "\02\00\07"                 ;; xor k
    "\04\03\01"                 ;; sum := sum + it
    "\02\00\01\01\00\00\00\05"  ;; k - 1
    "\09\03\00"                 ;; k := it, kept on the stack
    "\08\18"                    ;; not 0: 24 bytes back, to loop
    "\02\01\00")                ;; sum, halt
  (func $interpret (param $pc i32) (result i32)
    (local $sp i32) (local $op i32)
    (local.set $sp (i32.const 1024))
    (loop $next
      (local.set $op (i32.load8_u (local.get $pc)))
      (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
      (block $drop (block $dup (block $jump (block $xor (block $mul (block $sub (block $add (block $set (block $get (block $push (block $halt
        (br_table $halt $push $get $set $add $sub $mul $xor $jump $dup $drop (local.get $op)))
        ;; halt
        (return (i32.load (i32.sub (local.get $sp) (i32.const 4)))))
        ;; push
        (i32.store (local.get $sp) (i32.load align=1 (local.get $pc)))
        (local.set $pc (i32.add (local.get $pc) (i32.const 4)))
        (local.set $sp (i32.add (local.get $sp) (i32.const 4)))
        (br $next))
        ;; get
        (i32.store (local.get $sp) (i32.load offset=64 (i32.shl (i32.load8_u (local.get $pc)) (i32.const 2))))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
        (local.set $sp (i32.add (local.get $sp) (i32.const 4)))
        (br $next))
        ;; set
        (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
        (i32.store offset=64 (i32.shl (i32.load8_u (local.get $pc)) (i32.const 2)) (i32.load (local.get $sp)))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
        (br $next))
        ;; add
        (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
        (i32.store (i32.sub (local.get $sp) (i32.const 4))
          (i32.add (i32.load (i32.sub (local.get $sp) (i32.const 4))) (i32.load (local.get $sp))))
        (br $next))
        ;; sub
        (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
        (i32.store (i32.sub (local.get $sp) (i32.const 4))
          (i32.sub (i32.load (i32.sub (local.get $sp) (i32.const 4))) (i32.load (local.get $sp))))
        (br $next))
        ;; mul
        (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
        (i32.store (i32.sub (local.get $sp) (i32.const 4))
          (i32.mul (i32.load (i32.sub (local.get $sp) (i32.const 4))) (i32.load (local.get $sp))))
        (br $next))
        ;; xor
        (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
        (i32.store (i32.sub (local.get $sp) (i32.const 4))
          (i32.xor (i32.load (i32.sub (local.get $sp) (i32.const 4))) (i32.load (local.get $sp))))
        (br $next))
        ;; jump
        (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
        (if (i32.load (local.get $sp))
          (then (local.set $pc (i32.sub (local.get $pc) (i32.load8_u (local.get $pc)))))
          (else (local.set $pc (i32.add (local.get $pc) (i32.const 1)))))
        (br $next))
        ;; dup
        (i32.store (local.get $sp) (i32.load (i32.sub (local.get $sp) (i32.const 4))))
        (local.set $sp (i32.add (local.get $sp) (i32.const 4)))
        (br $next))
      ;; drop
      (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
      (br $next))
    (unreachable))
  (func (export "canister_update run")
    (i32.store (i32.const 0) (call $interpret (i32.const 4096)))))
